"""Endpoints and what each has to get, by hand from freeradius/mods-config/mdm/mdm.toml."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from freeradius_mdm.lab.raddb import VPN_PASSWORD, VPN_USER
from freeradius_mdm.lab.radius import EapCode, RadiusClient, access
from freeradius_mdm.lab.radius.accounting import Session, Status, send
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.vpn import VpnHeadend, VpnLogin, log_in, mobile
from tests.docker.outside import Outside
from tests.radius import expect
from tests.radius.endpoint import Endpoint

VPN_EMPLOYEE = expect.dacl("PERMIT-INTRANET")
NOT_ALLOWED = [("Reply-Message", None, "This device is not allowed here")]
_STARTED = 1_700_000_000
_VISITORS = 400  # for each thread; each comes once, so each is a question to Intune
_OLDEST = 900  # seconds: how old a record may be here, so that its timer is that much shorter
_numbers = itertools.count(1)


def port_of(mac: str) -> access.WiredPort:
    """A port of its own, so that its session has an audit-session-id of its own."""
    number = next(_numbers)
    session = access.audit_session_id("192.0.2.10", 40000 + number, _STARTED)
    return access.WiredPort(mac, session, nas_port=40000 + number, port=f"Gi2/0/{number}")


def new_mac() -> str:
    """00-50-56-..., of nobody else."""
    digits = f"{0x005056_800000 + next(_numbers):012x}"
    return "-".join(digits[at : at + 2] for at in range(0, 12, 2))


def new_endpoint(outside: Outside, **known: Any) -> Endpoint:
    """A device of its own; with `known` Intune knows it so."""
    endpoint = Endpoint(outside, str(uuid.uuid4()), new_mac())  # type: ignore[arg-type]
    if known:
        outside.microsoft.set_device(endpoint.device_id, **known)
    return endpoint


def told(reply: Reply) -> list[tuple[str, int | None, Any]]:
    """What a reply says, with the whole interval for a timer that is a little shorter."""
    return [
        (name, tag, expect.INTERVAL)
        if name == "Session-Timeout" and expect.INTERVAL - _OLDEST < value <= expect.INTERVAL
        else (name, tag, value)
        for name, tag, value in expect.results(reply)
    ]


def decision_id(reply: Reply) -> str:
    """What the Class of an Access-Accept names."""
    found = [bytes(value).decode() for value in reply.values("Class") if isinstance(value, bytes)]
    [ours] = [each.removeprefix("mdm:") for each in found if each.startswith("mdm:")]
    return ours


@dataclass(frozen=True, slots=True)
class Guest:
    """One who signs in. `results`: what the reply has to say, complete; `user`: as decisions have it."""

    kind: str
    user: str
    accepted: bool
    results: list[tuple[str, int | None, Any]]
    sign_in: Callable[[RadiusClient], Reply]
    leaves: Callable[[RadiusClient, Reply], Reply] | None = None


def guests(outside: Outside, thread: int) -> Iterator[Guest]:
    """Without end: the same faces in turn, and between them visitors that come once."""
    faces = list(_faces(outside, thread))
    visitors = _visitors(outside)
    for face in itertools.cycle(faces):
        yield face
        yield next(visitors, face)


def _faces(outside: Outside, thread: int) -> Iterator[Guest]:
    def by_certificate(kind: str, results: Any, accepted: bool = True, issue: Any = None, **known: Any) -> Guest:
        endpoint = new_endpoint(outside, **known)
        credential = endpoint.issue(**issue) if issue else endpoint.credential
        attributes = port_of(endpoint.mac).dot1x()

        def sign_in(client: RadiusClient) -> Reply:
            result = endpoint.sign_in(client, credential=credential, attributes=attributes)
            # Network device and endpoint are told the same.
            assert result.eap_code is (EapCode.SUCCESS if result.accepted else EapCode.FAILURE), kind
            return result.reply

        return Guest(kind, endpoint.identity, accepted, results, sign_in)

    def by_mac(kind: str, mac: str, results: Any, accepted: bool = True) -> Guest:
        port, user = port_of(mac), access.mac(mac, "").lower()
        return Guest(kind, user, accepted, results, lambda client: access.authenticate_mab(client, port))

    printer, tablet = new_mac(), str(uuid.uuid4())
    outside.microsoft.set_device(str(uuid.uuid4()), compliant=True, macs=[printer])
    outside.microsoft.set_device(tablet, compliant=True)
    headend = VpnHeadend(started=_STARTED, nas_port=50000 + thread)
    login = VpnLogin(VPN_USER, VPN_PASSWORD)

    def by_vpn(client: RadiusClient) -> Reply:
        return log_in(client, headend, mobile(tablet), login)

    yield by_certificate("compliant laptop", expect.EMPLOYEE, compliant=True)
    yield by_certificate("non-compliant phone", expect.QUARANTINE, compliant=False)
    yield by_certificate("unregistered laptop", expect.ENROLMENT)
    yield Guest(
        "VPN tablet", VPN_USER, True, VPN_EMPLOYEE, lambda client: log_in(client, headend, mobile(tablet), login)
    )
    yield by_mac("badge printer", printer, expect.EMPLOYEE)
    yield by_certificate("another compliant laptop", expect.EMPLOYEE, compliant=True)
    yield by_certificate("expired certificate", [], accepted=False, issue={"days": -1}, compliant=True)
    yield by_mac("private MAC", f"da-a1-19-00-77-{thread:02x}", NOT_ALLOWED, accepted=False)


def _visitors(outside: Outside) -> Iterator[Guest]:
    """Each asks by its MAC, goes again, and is known to Intune: one compliant, the next not."""
    macs = [new_mac() for _ in range(_VISITORS)]
    rows = [
        {"intune_id": str(uuid.uuid4()), "compliant": number % 2 == 0, "macs": [mac]} for number, mac in enumerate(macs)
    ]
    outside.microsoft.set_devices(rows)
    for number, mac in enumerate(macs):
        port = port_of(mac)
        user = access.mac(mac, "").lower()

        def sign_in(client: RadiusClient, port: access.WiredPort = port) -> Reply:
            return access.authenticate_mab(client, port)

        def leaves(client: RadiusClient, reply: Reply, port: access.WiredPort = port, user: str = user) -> Reply:
            session = Session(user, f"visitor-{user}", port.mab(), reply)
            return send(client, session.attributes(Status.STOP, seconds=1))

        yield Guest("visitor", user, True, (expect.EMPLOYEE, expect.QUARANTINE)[number % 2], sign_in, leaves)
