"""A VPN session at a Cisco ASA, which a change reaches as a push: no new decision says what it has then."""

from __future__ import annotations

import asyncio

from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.decide import Verdict, decide
from freeradius_mdm.lab.radius.nas_session import NasSession
from freeradius_mdm.trail import Trail
from tests.builders import request

from .coa_bench import ADDRESS, COMPLIANT, Bench

# The builder's policy, with something in quarantine that an ASA takes.
FILTER_ID = (
    ('vlan = "QUARANTINE"', 'filter_id = "QUARANTINE"'),
    ('[profiles.Quarantine.for.cisco-asa]\nwithout = ["vlan"]\n', ""),
)
ONCE = RetransmissionPolicy(first_wait=2.0, count=1, duration=2.0)
REQUEST = (
    ("User-Name", "alice"),
    ("NAS-IP-Address", "192.0.2.10"),
    ("NAS-Port-Type", "Virtual"),
    ("NAS-Port", "1234"),
    ("Calling-Station-Id", "198.51.100.37"),
    ("Tunnel-Client-Endpoint", "198.51.100.37"),
    ("ASA-TunnelGroupName", "DefaultWEBVPNGroup"),
    ("ASA-ClientType", "AnyConnect-Client-SSL-VPN"),
    ("Cisco-AVPair", "audit-session-id=AUDIT1"),
)
CLIENT = (("MDM-Client-Name", "asa"), ("MDM-Client-Address", ADDRESS))


def dials_in(b: Bench) -> NasSession:
    """The device's session, in mdmd and at the headend; later decisions of the bench are of the same kind."""

    def decide_again(number: int = 1) -> Verdict:
        device = ("Cisco-AVPair", f"mdm-tlv=device-uid=ID:Intune:DeviceID:{b.key(number).value}")
        made = decide(
            request(*REQUEST, *CLIENT, device),
            b.config[0],
            b.reader.record,
            Trail(f"{len(b.decided) + 1:024x}", b.clock.wall(), b.clock.wall),
            has_uri_attribute=True,
            waited=True,
            read_exemption=b.reader.exemption,
        )
        assert isinstance(made, Verdict)
        return made

    b.decide = decide_again  # type: ignore[method-assign]
    b.says(COMPLIANT)
    assert b.signs_in().profile == "Employee"
    assert b.session().family == "cisco-asa"
    return b.nas.start(NasSession("alice", "acct1", REQUEST))


def quarantined(at: NasSession) -> bool:
    """What the headend has for the session."""
    return at.pushed is not None and any(each.value == "QUARANTINE" for each in at.pushed)


async def elapse(b: Bench, seconds: int) -> None:
    """So much time passes, second by second, with a moment in each for everybody."""
    for _ in range(seconds):
        b.clock.advance(1.0)
        await asyncio.sleep(0.002)
