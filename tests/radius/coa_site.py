"""A site with network devices that take CoA: a switch, a VPN headend and a plain RFC 5176 one, each a LabNas.

Devices are asked about every second, so that a change at Intune is noticed without anybody signing in.
"""

from __future__ import annotations

import itertools
import json
import socket
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freeradius_mdm.lab.processes import free_port, wait_for
from freeradius_mdm.lab.raddb import SECRET, VPN_PASSWORD, VPN_USER, NetworkDevice
from freeradius_mdm.lab.radius import Reply, RetryPolicy, Server, access
from freeradius_mdm.lab.radius.accounting import vpn_access
from freeradius_mdm.lab.radius.attributes import Attributes
from freeradius_mdm.lab.radius.client import RadiusClient
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from freeradius_mdm.lab.radius.vpn import VpnHeadend, VpnLogin, log_in, mobile
from freeradius_mdm.lab.site import Site
from tests.radius.endpoint import Endpoint

WITHIN = 20.0  # seconds; a change is noticed in about one
TOML = {
    "families": '["generic"]',
    "recheck_interval": '"1s"',
    "recheck_rate": "50",
    "coa.timeout": '"5s"',
}
POLICY = """\
[[rules]]
name = "Compliant"
when = { "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "Compliant" }
profile = "Employee"

[[rules]]
name = "Not compliant"
when = { "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "NonCompliant" }
profile = "Quarantine"

[[rules]]
name = "Not registered"
when = { "MDM:DeviceRegisterStatus" = "UnRegistered" }
profile = "Reject"

[[rules]]
name = "Intune unreachable"
when = { "MDM:MDMServerReachable" = "UnReachable" }
profile = "Reject"

[profiles.Employee]
vlan = "EMPLOYEES"
[profiles.Employee.for.cisco-asa]
without = ["vlan"]
group_policy = "employees"
dacl = "PERMIT-INTRANET"

[profiles.Quarantine]
vlan = 666
[profiles.Quarantine.for.cisco-asa]
without = ["vlan"]
group_policy = "quarantine"
dacl = "QUARANTINE"
idle_timeout = "10m"

[profiles.Monitor]

[profiles.Reject]
access = "reject"
"""
_acct = itertools.count(1)
_ports = itertools.count(30000)


@dataclass(frozen=True, slots=True)
class Device:
    """One network device, at an address of its own."""

    name: str
    address: str
    nas: LabNas


class CoaSite:
    """The running site, and who signs in there."""

    def __init__(self, site: Site, switch: Device, headend: Device, plain: Device) -> None:
        self.site = site
        self.switch, self.headend, self.plain = switch, headend, plain
        self.sign_ins: dict[str, Callable[[], Reply]] = {}  # by Acct-Session-Id

    def plug_in(self, endpoint: Endpoint, at: Device) -> NasSession:
        """The endpoint signs in at a wired port, and its session starts."""
        number = next(_ports)
        session = access.audit_session_id("192.0.2.10", number, 1_700_000_000)
        port = access.WiredPort(endpoint.mac, session, nas_port=number, port=f"Gi1/0/{number}").dot1x()

        def sign_in() -> Reply:
            with self.site.client(at.address) as client:
                return endpoint.sign_in(client, attributes=port).reply

        return self._start(at, endpoint.identity, port, sign_in)

    def dial_in(self, endpoint: Endpoint, at: Device) -> NasSession:
        """The endpoint logs in to the VPN, and its session starts."""
        device, headend = mobile(endpoint.device_id), VpnHeadend(started=1_700_000_000, nas_port=next(_ports))

        def sign_in() -> Reply:
            with self.site.client(at.address) as client:
                return log_in(client, headend, device, VpnLogin(VPN_USER, VPN_PASSWORD))

        return self._start(at, VPN_USER, vpn_access(headend, device), sign_in)

    def _start(self, at: Device, user: str, sent: Attributes, sign_in: Callable[[], Reply]) -> NasSession:
        reply = sign_in()
        assert reply.accepted
        # Each session is found again by its own id in what mdmd says.
        session = NasSession(user, f"{at.name}-{next(_acct):08X}", sent, reply)
        self.sign_ins[session.identifier] = sign_in
        at.nas.start(session)
        self.told(session, lambda found: found["state"] == "started")
        return session

    def sign_in_again(self, session: NasSession) -> Reply:
        """As the network device has it done by the endpoint."""
        return self.sign_ins[session.identifier.rstrip("+")]()

    def get(self, path: str, **query: str) -> Any:
        """What mdmd says."""
        text = urllib.parse.urlencode(query)
        with urllib.request.urlopen(f"http://{self.site.mdmd_address}{path}?{text}", timeout=10) as response:
            return json.load(response)

    def told(self, session: NasSession, until: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """mdmd's session with the orders about it, as soon as it is as told."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            same = [
                each
                for each in self.get("/v1/sessions", limit="1000")["sessions"]
                if each["acct_session_id"] == session.identifier
            ]
            found[:] = [self.get(f"/v1/sessions/{each['id']}") for each in same]
            return bool(found) and bool(until(found[0]))

        wait_for(there, f"mdmd's session {session.identifier}", WITHIN)
        return found[0]

    def set(self, **values: str) -> None:
        """Other settings of `[coa]` from now on, TOML values."""
        self.site.settings.toml |= {f"coa.{name}": value for name, value in values.items()}
        before = self._taken_over()
        self.site._write_toml()
        wait_for(lambda: self._taken_over() > before, "mdmd has taken the settings over", WITHIN)

    def _taken_over(self) -> int:
        return (self.site.log_directory / "mdmd.log").read_text().count("event=config_taken_over")

    def orders(self, session: NasSession, count: int = 1) -> list[dict[str, Any]]:
        """The orders about a session, as soon as there are so many, all of them settled."""
        made: list[dict[str, Any]] = self.told(
            session,
            lambda found: len(found["orders"]) >= count and all(each["settled"] for each in found["orders"]),
        )["orders"]
        return made


def effects(device: Device, session: NasSession, *kinds: EffectKind) -> None:
    """Wait for these effects on a session; there are no others."""
    wait_for(lambda: len(device.nas.effects_on(session)) >= len(kinds), f"{len(kinds)} effects", WITHIN)
    assert device.nas.effects_on(session) == list(kinds)


@contextmanager
def running(new_site: Callable[..., Site], directory: Path, toml: dict[str, str] | None = None) -> Iterator[CoaSite]:
    """The site with its three network devices, which listen before their ports are written down."""
    made: list[CoaSite] = []

    def again(session: NasSession) -> Reply:
        return made[0].sign_in_again(session)

    with ExitStack() as stack:
        devices: list[Device] = []
        clients = []
        for name, address, family, nas_address in (
            ("coa-switch", "127.0.0.11", "cisco-ios-xe", "192.0.2.10"),
            ("coa-headend", "127.0.0.12", "cisco-asa", VpnHeadend(started=0).nas_address),
            ("coa-plain", "127.0.0.13", "generic", "192.0.2.10"),
        ):
            port = free_port(socket.SOCK_DGRAM, address)
            client = NetworkDevice(name, address, "127.0.0.1", family, port)
            clients.append((client, NasSettings(SECRET.encode(), address, port, (("NAS-IP-Address", nas_address),))))
        toml = TOML | (toml or {})
        site = new_site(directory, toml=toml, policy=POLICY, devices=tuple(client for client, _ in clients))
        for client, settings in clients:
            server = Server("127.0.0.1", site.ports.accounting, SECRET.encode(), client.address)
            accounting = stack.enter_context(RadiusClient(server, RetryPolicy(tries=2, wait=5.0)))
            nas = stack.enter_context(LabNas(settings, again, accounting))
            devices.append(Device(client.name, client.address, nas))
        stack.enter_context(site)
        made.append(CoaSite(site, *devices))
        yield made[0]
