"""The Graph hosts: endpoint list, managedDevices, batches, an application's own entry (intune.md sections 3, 7)."""

from __future__ import annotations

import json
import re
import urllib.parse
import uuid
from typing import Any

from . import applications, discovery
from .clouds import EVIL_HOSTS, GRAPH_APP_ID
from .graph_errors import BAD_REQUEST, BAD_TOKEN, INSUFFICIENT, NOT_FOUND, TOO_MANY, refusal
from .managed_devices import BASE, ManagedDevices
from .operations import Operation
from .tenants import TenantState
from .tokens import Claims, Refused
from .wire import Answer, Call, json_answer
from .world import World

BATCH_LIMIT = 20
_WINDOW, _PER_APP, _PER_TENANT = 20.0, 2000, 4000
_ENDPOINTS_PAGE = 50
_ENDPOINTS = f"/servicePrincipals/appId={discovery.FIRST_PARTY_APP}/endpoints".lower()
_APPLICATION = re.compile(r"/applications\(appId='([0-9a-fA-F-]{36})'\)", re.IGNORECASE)
_DIRECTORY_ROLES = {"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"}
_DEVICE_ROLES = {"DeviceManagementManagedDevices.Read.All", "DeviceManagementManagedDevices.ReadWrite.All"}


def plain_path(path: str) -> str:
    """Path without version and `myorganization`; "" if it does not begin with a version."""
    parts = [part for part in path.split("/") if part]
    if not parts or parts[0].lower() not in ("v1.0", "beta"):
        return ""
    del parts[0]
    if parts and parts[0].lower() == "myorganization":
        del parts[0]
    return "/" + urllib.parse.unquote("/".join(parts))


def operation(path: str) -> Operation:
    """What a path on a Graph host asks for."""
    plain = plain_path(path).lower()
    if plain == _ENDPOINTS:
        return Operation.ENDPOINTS
    if plain.startswith(BASE.lower()):
        return Operation.MANAGED_DEVICES
    if plain == "/$batch":
        return Operation.BATCH
    return Operation.APPLICATIONS if plain.startswith("/applications") else Operation.OTHER


class Graph:
    """Answers for the Graph host of every cloud."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._devices = ManagedDevices(world)
        self._counts: dict[str, int] = {}
        self._window = 0.0

    def answer(self, call: Call, claims: Claims | Refused) -> Answer:
        """Answer one call, with the request ids that Graph puts on everything."""
        answer = self._answer(call, claims)
        answer.headers.setdefault("request-id", str(uuid.uuid4()))
        if "client-request-id" in call.headers:
            answer.headers["client-request-id"] = call.headers["client-request-id"]
        return answer

    def _answer(self, call: Call, claims: Claims | Refused) -> Answer:
        clock = self._world.clock
        if isinstance(claims, Refused):
            return refusal(call, clock, 401, BAD_TOKEN, claims.reason)
        tenant = self._world.directory.get(claims.tenant)
        if tenant is None or claims.audience not in (f"https://{call.host}", GRAPH_APP_ID):
            return refusal(call, clock, 401, BAD_TOKEN, "Invalid audience.")
        path = plain_path(call.path)
        match call.operation:
            case Operation.ENDPOINTS if call.method == "GET":
                return self._endpoints(call, tenant, claims)
            case Operation.MANAGED_DEVICES if call.method == "GET":
                return self._managed(call, tenant, claims, path)
            case Operation.BATCH if call.method == "POST":
                return self._batch(call, claims)
            case Operation.APPLICATIONS if call.method == "GET":
                return self._application(call, tenant, claims, path)
            case _:
                return refusal(call, clock, 404, NOT_FOUND)

    def _endpoints(self, call: Call, tenant: TenantState, claims: Claims) -> Answer:
        if "endpoints-403" in call.faults or not claims.roles & _DIRECTORY_ROLES:
            return refusal(call, self._world.clock, 403, INSUFFICIENT)
        if "endpoints-404" in call.faults or tenant.settings.intune == "absent":
            return refusal(call, self._world.clock, 404, NOT_FOUND)
        found = discovery.records(tenant, call.faults)
        context = f"servicePrincipals('appId%3D{discovery.FIRST_PARTY_APP}')/endpoints"
        body: dict[str, Any] = {"@odata.context": f"https://{call.host}/v1.0/$metadata#{context}"}
        if "nextlink-offsite" in call.faults:
            # The record that is wanted is not on the first page: following the link is tempting.
            found = [record for record in found if record["providerName"] != "ComplianceRetrievalService"]
            body["@odata.nextLink"] = f"https://{EVIL_HOSTS[0]}{call.path}?$skiptoken=1"
        elif "endpoints-paged" in call.faults:
            start = int(dict(urllib.parse.parse_qsl(call.query)).get("$skiptoken", "0"))
            if start + _ENDPOINTS_PAGE < len(found):
                link = f"https://{call.authority}{call.path}?$skiptoken={start + _ENDPOINTS_PAGE}"
                body["@odata.nextLink"] = link
            found = found[start : start + _ENDPOINTS_PAGE]
        return json_answer(200, body | {"value": found}, f"{len(found)} endpoints")

    def _managed(self, call: Call, tenant: TenantState, claims: Claims, path: str) -> Answer:
        if not claims.roles & _DEVICE_ROLES:
            return refusal(call, self._world.clock, 403, INSUFFICIENT)
        if self._world.settings.graph_throttle and (wait := self._over_limit(claims)):
            answer = refusal(call, self._world.clock, 429, TOO_MANY)
            answer.headers["Retry-After"] = str(wait)
            return answer
        return self._devices.answer(call, tenant, path)

    def _over_limit(self, claims: Claims) -> int:
        """Seconds to stay away, 0 = within 2,000 in 20 s per app and tenant, and 4,000 per tenant."""
        now = self._world.clock.now()
        if not 0 <= now - self._window < _WINDOW:
            self._window, self._counts = now, {}
        over = False
        for key, most in ((f"{claims.tenant} {claims.app}", _PER_APP), (claims.tenant, _PER_TENANT)):
            self._counts[key] = self._counts.get(key, 0) + 1
            over = over or self._counts[key] > most
        return max(1, round(self._window + _WINDOW - now)) if over else 0

    def _batch(self, call: Call, claims: Claims) -> Answer:
        try:
            requests = json.loads(call.body)["requests"]
            parts = [(str(part["id"]), str(part["method"]), str(part["url"])) for part in requests]
        except (ValueError, KeyError, TypeError):
            return refusal(call, self._world.clock, 400, BAD_REQUEST)
        if not 1 <= len(parts) <= BATCH_LIMIT:
            return refusal(call, self._world.clock, 400, BAD_REQUEST, f"A batch holds 1 to {BATCH_LIMIT} requests.")
        responses = []
        for part_id, method, url in parts:
            path, _, query = url.partition("?")
            part = Call(call.host, call.authority, method, "/v1.0" + path, query, {}, service=call.service)
            part.operation, part.faults = operation(part.path), call.faults
            nested = part.operation is Operation.BATCH
            answer = refusal(part, self._world.clock, 400, BAD_REQUEST) if nested else self._answer(part, claims)
            headers = {"Content-Type": "application/json"} | answer.headers
            body = json.loads(answer.body)
            responses.append({"id": part_id, "status": answer.status, "headers": headers, "body": body})
        return json_answer(200, {"responses": responses}, f"batch of {len(parts)}")

    def _application(self, call: Call, tenant: TenantState, claims: Claims, path: str) -> Answer:
        if not claims.roles & _DIRECTORY_ROLES:
            return refusal(call, self._world.clock, 403, INSUFFICIENT)
        match = _APPLICATION.fullmatch(path)
        application = tenant.applications.get(match[1].lower()) if match else None
        if application is None:
            return refusal(call, self._world.clock, 404, NOT_FOUND)
        return json_answer(200, applications.entry(call, tenant, application), "application")
