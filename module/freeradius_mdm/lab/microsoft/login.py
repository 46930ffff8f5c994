"""The login host: OIDC document and token endpoints, v1 and v2 (intune.md sections 2.2 to 2.5)."""

from __future__ import annotations

import hmac
import re
import urllib.parse
import uuid
from collections.abc import Mapping

from . import assertions, login_faults, resources
from .clouds import LOGIN_HOSTS
from .entra_errors import EntraError
from .operations import Operation
from .tenants import Application, TenantState
from .wire import Answer, Call, json_answer, text_answer
from .world import World

LIFETIME = 3599
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_PATH = re.compile(r"/([^/]+)/oauth2(/v2\.0)?/token")
_OIDC_PATH = re.compile(r"/([^/]+)(/v2\.0)?/\.well-known/openid-configuration")
_KEYS_PATH = re.compile(r"/[^/]+/discovery/(v2\.0/)?keys")
_SLASHES = re.compile(r"/{2,}")


def operation(path: str) -> Operation:
    """What a path on the login host asks for."""
    path = _SLASHES.sub("/", path)
    if _TOKEN_PATH.fullmatch(path):
        return Operation.TOKEN
    if _OIDC_PATH.fullmatch(path):
        return Operation.OIDC
    return Operation.INSTANCE if path == "/common/discovery/instance" else Operation.OTHER


def tenant_name(path: str) -> str:
    """The first path segment."""
    return path.lstrip("/").partition("/")[0]


class Login:
    """Answers for the login hosts of every cloud."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, call: Call) -> Answer:
        """Answer one call."""
        path = _SLASHES.sub("/", call.path)
        if call.operation is Operation.TOKEN:
            return self._token_endpoint(call, path)
        if call.operation is Operation.OIDC:
            return self._oidc(call)
        if call.operation is Operation.INSTANCE:
            return self._instance(call)
        if _KEYS_PATH.fullmatch(path):
            return json_answer(200, self._world.tokens.jwks(), "keys")
        return text_answer(404, "Not Found", "no such path")

    def _oidc(self, call: Call) -> Answer:
        tenant = self._tenant(call)
        if tenant is None or "tenant-missing" in call.faults:
            error = EntraError(90002, error="invalid_tenant", tenant=tenant_name(call.path))
            return self._refusal(call, error)
        base = f"https://{call.authority}/{tenant.tenant_id}"
        v2 = "/v2.0" in call.path
        issuer = f"{base}/v2.0" if v2 else f"https://sts.windows.net/{tenant.tenant_id}/"
        middle = "oauth2/v2.0" if v2 else "oauth2"
        document = {
            "token_endpoint": f"{base}/{middle}/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{base}/discovery{'/v2.0' if v2 else ''}/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": issuer,
            "authorization_endpoint": f"{base}/{middle}/authorize",
            "tenant_region_scope": "EU",
            "cloud_instance_name": call.host.removeprefix("login."),
            "msgraph_host": tenant.cloud.graph_host,
        }
        return json_answer(200, document, "oidc document")

    def _instance(self, call: Call) -> Answer:
        asked = urllib.parse.parse_qs(call.query).get("authorization_endpoint", [""])[0]
        host = urllib.parse.urlsplit(asked).hostname or ""
        if host not in LOGIN_HOSTS:
            return self._refusal(call, EntraError(50049))
        document = {
            "tenant_discovery_endpoint": f"https://{host}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
        return json_answer(200, document, "instance")

    def _token_endpoint(self, call: Call, path: str) -> Answer:
        if (answer := login_faults.before(call)) is not None:
            return answer
        try:
            if call.method != "POST":
                raise EntraError(900561, method=call.method)
            form = dict(urllib.parse.parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
            v2 = path.endswith("/oauth2/v2.0/token")
            call.subject = form.get("scope" if v2 else "resource", "")
            app, now = form.get("client_id", ""), self._world.clock.now()
            if (error := login_faults.error(call, app, tenant_name(path), now)) is not None:
                raise error
            return self._grant(call, path, form, v2)
        except EntraError as refusal:
            return self._refusal(call, refusal)

    def _grant(self, call: Call, path: str, form: Mapping[str, str], v2: bool) -> Answer:
        tenant = self._tenant(call)
        if tenant is None:
            raise EntraError(90002, tenant=tenant_name(path))
        grant = form.get("grant_type")
        if not grant:
            raise EntraError(900144, parameter="grant_type")
        if grant != "client_credentials":
            raise EntraError(70003, grant=grant)
        application = self._application(call, tenant, form, v2)
        self._authenticate(call, tenant, application, form)
        resource = resources.wanted(tenant, form, v2)
        call.subject = resource.audience
        roles = frozenset() if call.faults.first("role-less", "consent-later") else resource.roles(application)
        short = "short-token" in call.faults
        lifetime = int(call.faults.option("short-token", "seconds", "299")) if short else LIFETIME
        version = tenant.settings.token_format if resource.intune else "1.0"
        token = self._world.tokens.mint(tenant, application, resource.claim(version), roles, lifetime, version)
        value = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}
        if not v2:
            expires = int(self._world.clock.now()) + lifetime
            value |= {"expires_on": str(expires), "expires_in": str(lifetime), "resource": form.get("resource", "")}
        if "no-expires-in" in call.faults:
            del value["expires_in"], value["ext_expires_in"]
        headers = {"Cache-Control": "no-store, no-cache", "x-ms-request-id": str(uuid.uuid4())}
        return json_answer(200, value, "token" if roles else "token without roles", headers)

    def _application(self, call: Call, tenant: TenantState, form: Mapping[str, str], v2: bool) -> Application:
        client_id = form.get("client_id", "")
        if not client_id and not v2 and "client_assertion" in form:
            client_id = assertions.client_id_of(form["client_assertion"])
        if not client_id:
            raise EntraError(900144, parameter="client_id")
        call.app = client_id[:36]
        application = tenant.applications.get(client_id.lower())
        if application is None:
            raise EntraError(700016, app=client_id, tenant=tenant.tenant_id)
        if not application.service_principal:
            raise EntraError(7000229, app=client_id, tenant=tenant.tenant_id)
        if application.disabled:
            raise EntraError(7000112, app=client_id)
        return application

    def _authenticate(self, call: Call, tenant: TenantState, application: Application, form: Mapping[str, str]) -> None:
        now = self._world.clock.now()
        assertion, secret = form.get("client_assertion"), form.get("client_secret")
        if assertion and form.get("client_assertion_type") == _ASSERTION_TYPE:
            keys = tenant.keys[application.client_id.lower()]
            audiences = _audiences(call, tenant)
            pss = tenant.cloud.refuses_pss
            assertions.verify(assertion, application.client_id, keys, audiences, now, refuses_pss=pss)
        elif secret:
            known = [s for s in application.secrets if hmac.compare_digest(s.value.encode(), secret.encode())]
            if not known:
                raise EntraError(7000215, app=application.client_id)
            if all(s.expires_at is not None and s.expires_at <= now for s in known):
                raise EntraError(7000222, app=application.client_id)
        else:
            raise EntraError(7000218)

    def _tenant(self, call: Call) -> TenantState | None:
        tenant = self._world.directory.get(tenant_name(call.path))
        return tenant if tenant is not None and call.host in tenant.cloud.login_hosts else None

    def _refusal(self, call: Call, error: EntraError) -> Answer:
        correlation = call.headers.get("client-request-id") or str(uuid.uuid4())
        style = self._world.settings.description_style
        answer = error.answer(call.host, self._world.clock.now(), correlation, style)
        if "200-error-body" in call.faults:
            answer.status = 200
        return answer


def _audiences(call: Call, tenant: TenantState) -> set[str]:
    hosts = {*tenant.cloud.login_hosts, call.authority}
    names = {tenant.tenant_id, *tenant.start.domains, tenant_name(call.path)}
    paths = ("oauth2/token", "oauth2/v2.0/token")
    return {f"https://{host}/{name}/{path}".lower() for host in hosts for name in names for path in paths}
