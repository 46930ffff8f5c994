"""What can be looked at and changed at run time; the control API and the library both go through here."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...durations import parse
from .clouds import ALL_HOSTS
from .devices import Device
from .personalities import PERSONALITIES
from .tenants import Application, TenantState, registered_key
from .world import World


class Desk:
    """Operations on the world, with values as JSON has them. Errors are ValueError and LookupError.

    `faults_changed` is awaited after every change of faults: the listener may have to be closed or opened.
    """

    def __init__(self, world: World, faults_changed: Callable[[], Awaitable[None]]) -> None:
        self.world = world
        self._faults_changed = faults_changed

    def tenant(self, name: str = "") -> TenantState:
        """A tenant by GUID or domain, "" = the first."""
        state = self.world.directory.get(name) if name else self.world.directory.first()
        if state is None:
            raise LookupError(f"no tenant {name!r}; there are: {', '.join(self.world.directory.tenants)}")
        return state

    def device(self, intune_id: str, tenant: str = "") -> Device:
        """One device."""
        device = self.tenant(tenant).devices.get(intune_id)
        if device is None:
            raise LookupError(f"no device {intune_id}")
        return device

    def devices(self, tenant: str = "") -> list[Device]:
        """All devices of a tenant."""
        return list(self.tenant(tenant).devices)

    def set_device(self, intune_id: str, tenant: str = "", **values: Any) -> Device:
        """Make or change a device (`devices.change` has the fields)."""
        return self.tenant(tenant).devices.set(intune_id, **values)

    def remove_device(self, intune_id: str, tenant: str = "") -> bool:
        """Forget a device; False if it was not there."""
        return self.tenant(tenant).devices.remove(intune_id)

    async def fault(self, personality: str, **selectors: Any) -> int:
        """Switch a personality on; its id (`faults.FaultBoard.add` has the selectors)."""
        if selectors.get("tenant"):
            selectors["tenant"] = self.tenant(selectors["tenant"]).tenant_id
        fault = self.world.faults.add(personality, **selectors)
        await self._faults_changed()
        return fault.id

    async def clear_faults(self, which: str = "") -> int:
        """Switch off by id or personality name, "" = all; how many that were."""
        count = self.world.faults.remove(which)
        await self._faults_changed()
        return count

    async def reset(self) -> None:
        """Devices, tenants, settings and clock as at the start; no faults, an empty journal, no bulk windows."""
        self.world.reset()
        await self._faults_changed()

    def move_clock(self, values: Mapping[str, Any]) -> dict[str, float]:
        """`advance`: a duration such as `4h` or seconds; `offset`: seconds from the clock's source."""
        clock = self.world.clock
        if wrong := set(values) - {"advance", "offset"}:
            raise ValueError(f"the clock has no {', '.join(sorted(wrong))}; there are: advance, offset")
        if "offset" in values:
            clock.offset = float(values["offset"])
        if "advance" in values:
            step = values["advance"]
            clock.advance(parse(step) if isinstance(step, str) else float(step))
        return {"now": clock.now(), "offset": clock.offset}

    def change_settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change the simulator's settings; all of them as they now are."""
        self.world.settings = self.world.settings.changed(values)
        return dataclasses.asdict(self.world.settings)

    def change_tenant(self, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change a tenant's `crs_host`, `crs_authority`, `intune` or `token_format`."""
        self.tenant(name).change(**values)
        return self.show_tenant(name)

    def change_application(self, name: str, client_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Change an application: `roles` (list), `disabled`, `service_principal`, `key_name`, and `certificates`, a
        list of PEM texts that replaces what is uploaded. A role counts from the next token on.
        """
        state = self.tenant(name)
        key = client_id.lower()
        application = state.applications.get(key) or Application(client_id)
        if wrong := set(values) - {"roles", "disabled", "service_principal", "certificates", "key_name"}:
            raise ValueError(f"an application has no changeable {', '.join(sorted(wrong))}")
        keys = [registered_key(pem.encode()) for pem in values["certificates"]] if "certificates" in values else None
        switches = ("disabled", "service_principal")
        plain: dict[str, Any] = {name: bool(values[name]) for name in switches if name in values}
        if "key_name" in values:
            plain["key_name"] = str(values["key_name"])
        roles = frozenset(values["roles"]) if "roles" in values else application.roles
        state.applications[key] = dataclasses.replace(application, roles=roles, **plain)
        state.keys[key] = keys if keys is not None else state.keys.get(key, [])
        return self.show_tenant(name)

    def show_tenant(self, name: str) -> dict[str, Any]:
        """A tenant without its secrets."""
        state = self.tenant(name)
        applications = [
            {
                "client_id": app.client_id,
                "roles": sorted(app.roles),
                "disabled": app.disabled,
                "service_principal": app.service_principal,
                "secrets": len(app.secrets),
                "keys": [{"sha1": k.sha1, "sha256": k.sha256, "not_after": k.not_after} for k in state.keys[key]],
            }
            for key, app in state.applications.items()
        ]
        return {
            "tenant_id": state.tenant_id,
            "domains": list(state.start.domains),
            "cloud": state.cloud.name,
            "crs_host": state.crs_host,
            "crs_authority": state.settings.crs_authority,
            "intune": state.settings.intune,
            "token_format": state.settings.token_format,
            "devices": len(state.devices),
            "applications": applications,
        }

    def journal(self, limit: int = 0, since: float = 0.0, **equal: str) -> list[dict[str, Any]]:
        """Journal entries, oldest first (`Journal.entries` has the filters)."""
        return [entry._asdict() for entry in self.world.journal.entries(limit, since, **equal)]

    def hosts(self) -> list[str]:
        """Host names that have an address now: without those under `dns-gone`."""
        everything = {*ALL_HOSTS, *self.world.directory.crs_hosts()}
        return sorted(host for host in everything if not self.world.faults.hidden(host))


def personalities() -> list[dict[str, Any]]:
    """The table of personalities, for people."""
    return [
        {"name": p.name, "group": p.group, "summary": p.summary, "options": list(p.options)}
        for p in PERSONALITIES.values()
    ]
