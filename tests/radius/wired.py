"""A device at a real switch port, hostapd's, and the policy that it meets there."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from freeradius_mdm.decision import Decision
from freeradius_mdm.lab import detail
from freeradius_mdm.lab.authenticators.namespaces import ROOT, End, Namespaces
from freeradius_mdm.lab.authenticators.supplicant import Supplicant
from freeradius_mdm.lab.authenticators.switch_port import DynamicAuthorization, PortConfig, SwitchPort
from freeradius_mdm.lab.detail import AccountingRecord
from freeradius_mdm.lab.pki import Credential
from freeradius_mdm.lab.processes import free_port, wait_for
from freeradius_mdm.lab.raddb import NetworkDevice
from freeradius_mdm.lab.site import Site
from tests.radius.endpoint import Endpoint

SWITCH = NetworkDevice("lab-port", "127.0.0.4", "127.0.0.1", "hostapd")
INTERVAL, MARGIN = 10, 2  # seconds
# Without recheck at an interval of its own: what is asked is asked for the timer, at its moment or just ahead of it.
TOML = {
    "families": '["hostapd"]',
    "reauth_interval": f'"{INTERVAL}s"',
    "refresh_margin": f'"{MARGIN}s"',
    "recheck_interval": '"0s"',
    "recheck_rate": "50",  # so many that a few timers which end together need no start of seconds
}
PROBATION = "host/probation"  # the user whose session its timer ends

POLICY = f"""\
[[rules]]
name = "On probation"
when = {{ "MDM:DeviceCompliantStatus" = "Compliant", "Radius:User-Name" = "{PROBATION}" }}
profile = "Probation"

[[rules]]
name = "Compliant"
when = {{ "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "Compliant" }}
profile = "Employee"

[[rules]]
name = "Not compliant"
when = {{ "MDM:DeviceRegisterStatus" = "Registered", "MDM:DeviceCompliantStatus" = "NonCompliant" }}
profile = "Quarantine"

[[rules]]
name = "Not registered"
when = {{ "MDM:DeviceRegisterStatus" = "UnRegistered" }}
profile = "Reject"

[[rules]]
name = "Intune unreachable"
when = {{ "MDM:MDMServerReachable" = "UnReachable" }}
profile = "Reject"

[profiles.Employee]
vlan = "EMPLOYEES"
families = ["hostapd"]

[profiles.Quarantine]
vlan = 666
families = ["hostapd"]

[profiles.Probation]
vlan = "EMPLOYEES"
reauthentication = "{INTERVAL}s"
connectivity = "terminate"
families = ["hostapd"]

[profiles.Monitor]
families = ["hostapd"]

[profiles.Reject]
access = "reject"
"""


@dataclass(frozen=True, slots=True)
class Wire:
    """A device at the port: both ends of the cable, with a program at each."""

    site: Site
    mac: str
    port: SwitchPort
    supplicant: Supplicant

    def accounting(self, *statuses: str) -> list[AccountingRecord]:
        """The device's accounting, as soon as it has these Acct-Status-Types one after the other."""
        found: list[AccountingRecord] = []

        def there() -> bool:
            records = detail.accounting(self.site.log_directory)
            found[:] = [each for each in records if each.first("Calling-Station-Id") == self.mac.upper()]
            return len(found) >= len(statuses)

        wait_for(there, f"accounting of {self.mac}: {', '.join(statuses)}", 10)
        assert tuple(each.status for each in found) == statuses
        return found

    def authorizations(self) -> list[str]:
        """Every change of the device's authorization at the port: `AP-STA-CONNECTED`, `AP-STA-DISCONNECTED`."""
        return [event for event in self.port.events(self.mac) if event.startswith("AP-STA-")]

    def disconnect(self, *attributes: str) -> str:
        """What hostapd says to a Disconnect-Request (RFC 5176), as radclient prints it."""
        das = self.port.config.das
        assert das is not None
        # Not to the address that hostapd sends from: its answers always come from the first one of this machine.
        command = ["radclient", "-x", "-t", "2", "-r", "1", f"{das.client}:{das.port}", "disconnect", das.secret]
        sent = ", ".join([*attributes, f"Event-Timestamp = {int(time.time())}", "Message-Authenticator = 0x00"])
        done = subprocess.run(command, input=sent, capture_output=True, text=True, check=False)
        return done.stdout.partition("Received ")[2]


@contextmanager
def plugged(endpoint: Endpoint, credential: Credential, directory: Path, das_port: int = 0) -> Iterator[Wire]:
    """hostapd and wpa_supplicant with a cable between them, up; the device says its first word in two seconds.

    `das_port`: where hostapd takes Disconnect-Requests, at the address that it sends its own to; 0 takes a free one.
    """
    site = endpoint.site
    das = DynamicAuthorization(das_port or free_port(socket.SOCK_DGRAM), SWITCH.listen)
    config = PortConfig(site.ports.radius, site.ports.accounting, SWITCH.address, nas_identifier=SWITCH.name, das=das)
    with Namespaces() as spaces:
        ours, theirs = spaces.join(End(ROOT), End(spaces.add("device"), mac=endpoint.mac.replace("-", ":")))
        with (
            SwitchPort(ours, config, directory / "port") as port,
            Supplicant(theirs, endpoint.identity, credential, site.pki.ca_file, directory / "device") as supplicant,
        ):
            yield Wire(site, endpoint.mac, port, supplicant)


def correlation(made: Decision) -> bytes:
    """The Class of an accept: `mdm:` and the decision's id."""
    return f"mdm:{made.id}".encode()


def attributes(vlan: str, made: Decision, *, timer: str = str(INTERVAL), action: str = "RADIUS-Request") -> object:
    """What the family hostapd gets (RFC 3580 sections 3.17, 3.19 and 3.31), and what FreeRADIUS adds to EAP."""
    return {
        "Tunnel-Type:1": "VLAN",
        "Tunnel-Medium-Type:1": "IEEE-802",
        "Tunnel-Private-Group-Id:1": vlan,
        "Session-Timeout": timer,
        "Termination-Action": action,
        "Class": f"0x{correlation(made).hex()}",
        "User-Name": made.user,
    }


def sent(made: Decision) -> object:
    """The attributes of a decision; each of them is there once."""
    found = {name: value for name, value in made.attributes if name != "Framed-MTU"}
    assert len(found) == len([name for name, _ in made.attributes if name != "Framed-MTU"])
    return found
