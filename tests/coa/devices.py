"""The lab's network device with sessions, for tests of the sender."""

from __future__ import annotations

from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.packet import Code
from freeradius_mdm.coa.sender import Order
from freeradius_mdm.lab.radius.access import WiredPort
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import NasSettings
from freeradius_mdm.lab.radius.nas_session import NasSession

SECRET = b"a secret of the lab"
REAUTHENTICATE = [Attribute("Cisco-AVPair", "subscriber:command=reauthenticate")]


def session(number: int = 1) -> NasSession:
    port = WiredPort(f"00:50:56:00:00:{number:02x}", f"C000020A{number:016X}")
    return NasSession(f"host{number}", f"acct-{number}", port.dot1x())


def naming(number: int = 1) -> list[Attribute]:
    return [Attribute("Cisco-AVPair", f"audit-session-id=C000020A{number:016X}")]


def settings(**changes: object) -> NasSettings:
    return NasSettings(SECRET, **changes)  # type: ignore[arg-type]


def reauthenticate(nas: LabNas, number: int = 1) -> Order:
    return Order("127.0.0.1", nas.port, Code.COA_REQUEST, [*naming(number), *REAUTHENTICATE])


def disconnect(nas: LabNas, number: int = 1) -> Order:
    return Order("127.0.0.1", nas.port, Code.DISCONNECT_REQUEST, naming(number))
