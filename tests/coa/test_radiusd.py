"""Our packets at a real radiusd that listens for CoA (`listen { type = coa }`), and its answers at our sender."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.packet import Code
from freeradius_mdm.coa.plan import CoaSession, Plan, on_change
from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.coa.sender import Order, Outcome, Prepared, Result, Sender
from freeradius_mdm.lab.processes import free_port
from tests.lab.radius import radiusd

from . import coa_radiusd
from .coa_radiusd import CoaRadiusd

pytestmark = pytest.mark.skipif(radiusd.program() is None, reason="FreeRADIUS is not installed")

SECRET = b"a secret of the lab"
CLIENT = b'client x {\n  ipaddr = 127.0.0.1\n  secret = "a secret of the lab"\n}\n'
DETAIL = """
    preacct {
        ok
    }
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoaRadiusd]:
    made = coa_radiusd.write(tmp_path_factory.mktemp("coa"), free_port(), CLIENT, DETAIL)
    text = made.root.read_text()
    # what it understood, in a file: the names and values of FreeRADIUS's own dictionary
    text = text.replace("modules {", "modules {\n    detail {\n        filename = ${logdir}/detail\n    }", 1)
    made.root.write_text(text.replace("    recv-coa {", "    recv-coa {\n        detail", 1))
    with coa_radiusd.running(made) as running:
        yield running


def send(
    server: CoaRadiusd, code: Code, attributes: list[Attribute] | tuple[Attribute, ...], secret: bytes = SECRET
) -> Result:
    async def run() -> Result:
        sender = Sender(policy=RetransmissionPolicy(first_wait=5, count=1))
        try:
            return await sender.send(Order("127.0.0.1", server.port, code, attributes), SECRET)
        finally:
            sender.close()

    return asyncio.run(run())


def understood(server: CoaRadiusd) -> set[str]:
    """The attributes of the last request, as FreeRADIUS printed them."""
    text = (server.directory / "detail").read_text()
    return {line.strip() for line in text.strip().split("\n\n")[-1].splitlines()[1:]}


@pytest.mark.parametrize("code", [Code.COA_REQUEST, Code.DISCONNECT_REQUEST])
def test_accepted(code: Code, server: CoaRadiusd) -> None:
    result = send(server, code, [Attribute("User-Name", "nemo")])
    assert result == Result(Outcome.ACK, "acknowledged", sent=1)


def test_what_it_understands(server: CoaRadiusd) -> None:
    session = CoaSession("cisco-asa", audit_session_id="C000020A0000001F")
    profile = [
        Attribute("ASA-Group-Policy", "GP-Quarantine"),
        Attribute("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-Q-0"),
        Attribute("Filter-Id", "q"),
        Attribute("Session-Timeout", 600),
        Attribute("ASA-VLAN", 120),
        Attribute("Class", b"mdm:0"),
        Attribute("Tunnel-Type", "VLAN", 1),
        Attribute("Tunnel-Medium-Type", "IEEE-802", 1),
        Attribute("Tunnel-Private-Group-Id", "120", 1),
        Attribute("NAS-IPv6-Address", "2001:db8::1"),
        Attribute("Airespace-ACL-Name", "acl"),
        Attribute("Aruba-Port-Bounce-Host", 12),
        Attribute("HP-User-Role", "role"),
        Attribute("Juniper-AV-Pair", "Port-Bounce"),
        Attribute("Attr-26.12356.42", b"action=reauth-port"),
    ]
    planned = on_change(session, profile)[0]
    assert isinstance(planned, Plan)
    assert send(server, planned.code, planned.attributes).outcome is Outcome.ACK
    printed = understood(server)
    assert printed >= {
        'Cisco-AVPair = "audit-session-id=C000020A0000001F"',
        "Service-Type = Login-User",
        'ASA-Group-Policy = "GP-Quarantine"',
        'Cisco-AVPair = "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-Q-0"',
        'Filter-Id = "q"',
        "Session-Timeout = 600",
        "ASA-VLAN = 120",
        "Class = 0x6d646d3a30",
        "Tunnel-Type:1 = VLAN",
        "Tunnel-Medium-Type:1 = IEEE-802",
        'Tunnel-Private-Group-Id:1 = "120"',
        "NAS-IPv6-Address = 2001:db8::1",
        'Airespace-ACL-Name = "acl"',
        "Aruba-Port-Bounce-Host = 12",
        'HP-User-Role = "role"',
        'Juniper-AV-Pair = "Port-Bounce"',
    }
    assert any(line.startswith("Event-Timestamp = ") for line in printed)
    assert any(line.startswith("Message-Authenticator = 0x") for line in printed)


def test_refused(server: CoaRadiusd) -> None:
    refused = send(server, Code.COA_REQUEST, [Attribute("User-Name", "refuse }")])
    assert (refused.outcome, refused.sent) == (Outcome.NAK, 1)
    # FreeRADIUS itself: a Disconnect must not have a Service-Type
    wrong = send(server, Code.DISCONNECT_REQUEST, [Attribute("Service-Type", "Login-User")])
    assert wrong.outcome is Outcome.NAK


def test_its_message_authenticator(server: CoaRadiusd) -> None:
    # before 3.2.4 it is computed over zeros, from then on as RFC 5176 has it; we take both
    result = send(server, Code.COA_REQUEST, [Attribute("User-Name", "sign")])
    assert (result.outcome, result.discarded) == (Outcome.ACK, ())


def test_a_copy_is_answered_from_its_cache(server: CoaRadiusd) -> None:
    async def run() -> list[Outcome]:
        kept: list[Prepared] = []

        async def remember(prepared: Prepared) -> None:
            kept.append(prepared)

        sender = Sender(policy=RetransmissionPolicy(first_wait=5, count=1))
        order = Order("127.0.0.1", server.port, Code.COA_REQUEST, [Attribute("User-Name", "once")])
        first = await sender.send(order, SECRET, remember)
        second = await sender.resume(kept[0], SECRET)
        sender.close()
        return [first.outcome, second.outcome]

    assert asyncio.run(run()) == [Outcome.ACK, Outcome.ACK]
    assert (server.directory / "detail").read_text().count('User-Name = "once"') == 1
