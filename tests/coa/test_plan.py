"""What is sent for a session and an action; expected sets from ise.md section 6.2."""

from __future__ import annotations

import dataclasses

import pytest

from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.family import FAMILIES, Action
from freeradius_mdm.coa.packet import Code, build
from freeradius_mdm.coa.plan import CoaSession, Impossible, Plan, on_change, plan

FULL = CoaSession(
    family="cisco-ios-xe",
    user_name="host/pc1",
    nas_address="192.0.2.10",
    nas_identifier="sw-1",
    nas_port=50105,
    nas_port_id="Gi1/0/5",
    calling_station_id="00-50-56-A1-B2-C3",
    called_station_id="00-1B-54-AA-BB-05",
    acct_session_id="0000001A",
    audit_session_id="C000020A0000001F",
    framed_ip_address="10.0.0.5",
)
PROFILE = (
    Attribute("Filter-Id", "guests"),
    Attribute("Cisco-AVPair", "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-Q-1"),
    Attribute("Class", b"mdm:1"),
    Attribute("EAP-Message", b"\x03\x01\x00\x04"),
    Attribute("MS-MPPE-Send-Key", b"key"),
)
AUDIT = ("Cisco-AVPair", "audit-session-id=C000020A0000001F")
USER, NAS = ("User-Name", "host/pc1"), ("NAS-IP-Address", "192.0.2.10")
MAC = ("Calling-Station-Id", "00-50-56-A1-B2-C3")
ACCT, PORT_ID = ("Acct-Session-Id", "0000001A"), ("NAS-Port-Id", "Gi1/0/5")
REAUTHENTICATE = [
    ("Cisco-AVPair", "subscriber:command=reauthenticate"),
    ("Cisco-AVPair", "subscriber:reauthenticate-type=last"),
]
LOGIN = ("Service-Type", "Login-User")
COA, DISCONNECT = Code.COA_REQUEST, Code.DISCONNECT_REQUEST


def of(family: str, **changes: object) -> CoaSession:
    return dataclasses.replace(FULL, family=family, **changes)  # type: ignore[arg-type]


def sent(found: Plan | Impossible) -> list[tuple[str, object]]:
    assert isinstance(found, Plan), found
    return [(attribute.name, attribute.value) for attribute in found.attributes]


@pytest.mark.parametrize(
    ("family", "action", "code", "expected"),
    [
        ("cisco-ios-xe", Action.REAUTHENTICATE, COA, [AUDIT, *REAUTHENTICATE]),
        ("cisco-ios-xe", Action.DISCONNECT, DISCONNECT, [AUDIT]),
        ("cisco-ios-xe", Action.BOUNCE, COA, [AUDIT, ("Cisco-AVPair", "subscriber:command=bounce-host-port")]),
        ("cisco-aireos", Action.REAUTHENTICATE, COA, [NAS, MAC, AUDIT, *REAUTHENTICATE]),
        ("cisco-aireos", Action.DISCONNECT, DISCONNECT, [NAS, MAC, AUDIT, LOGIN]),
        # the complete new set, but not what belongs to the Access-Accept only
        ("cisco-asa", Action.PUSH, COA, [AUDIT, LOGIN, *((at.name, at.value) for at in PROFILE[:3])]),
        ("meraki", Action.REAUTHENTICATE, COA, [MAC, AUDIT, *REAUTHENTICATE]),
        ("aruba-controller", Action.PUSH, COA, [NAS, USER, MAC, ("Filter-Id", "guests")]),
        ("aruba-cx", Action.DISCONNECT, DISCONNECT, [NAS, USER, ACCT]),
        ("aruba-cx", Action.BOUNCE, COA, [NAS, USER, ACCT, ("Aruba-Port-Bounce-Host", "12")]),
        ("procurve", Action.DISCONNECT, DISCONNECT, [NAS, USER, PORT_ID, MAC]),
        ("juniper", Action.BOUNCE, COA, [MAC, ACCT, ("Juniper-AV-Pair", "Port-Bounce")]),
        ("ruckus", Action.DISCONNECT, DISCONNECT, [NAS, USER, MAC]),
        (
            "fortinet",
            Action.DISCONNECT,
            DISCONNECT,
            [USER, ("NAS-Identifier", "sw-1"), ("Called-Station-Id", "00-1B-54-AA-BB-05"), ACCT],
        ),
        ("hostapd", Action.DISCONNECT, DISCONNECT, [NAS, MAC, ACCT]),
        ("generic", Action.DISCONNECT, DISCONNECT, [NAS, USER, ACCT]),
    ],
)
def test_each_family(family: str, action: Action, code: Code, expected: list[tuple[str, object]]) -> None:
    made = plan(of(family), action, PROFILE)
    assert sent(made) == expected
    assert isinstance(made, Plan)
    assert (made.code, made.port) == (code, FAMILIES[family].port)


def test_every_plan_can_be_built() -> None:
    for family in FAMILIES.values():
        for action in family.procedures:
            made = plan(of(family.name), action, PROFILE[:3])
            assert isinstance(made, Plan), made
            build(made.code, 1, made.attributes, b"secret", 1)


def test_another_way_is_taken_when_an_identifier_is_missing() -> None:
    without = of("aruba-cx", acct_session_id="")
    assert sent(plan(without, Action.DISCONNECT)) == [NAS, USER, PORT_ID, MAC]
    without = of("aruba-cx", acct_session_id="", nas_port_id="")
    assert sent(plan(without, Action.DISCONNECT)) == [NAS, USER, ("NAS-Port", 50105), MAC]
    assert sent(plan(of("dell-os9", nas_port=None), Action.DISCONNECT))[0] == MAC
    # port 0 is a port
    assert sent(plan(of("dell-os9", nas_port=0), Action.DISCONNECT))[0] == ("NAS-Port", 0)


def test_what_names_the_network_device() -> None:
    v6 = of("ruckus", nas_address="2001:db8::1")
    assert sent(plan(v6, Action.DISCONNECT))[0] == ("NAS-IPv6-Address", "2001:db8::1")
    nameless = of("ruckus", nas_address="")
    assert sent(plan(nameless, Action.DISCONNECT))[0] == ("NAS-Identifier", "sw-1")
    nobody = plan(of("ruckus", nas_address="", nas_identifier=""), Action.DISCONNECT)
    assert isinstance(nobody, Impossible)
    assert nobody.reason.endswith("this session has no nas")


def test_several_sessions_match_so_more_is_sent() -> None:
    wide = plan(of("aruba-cx"), Action.DISCONNECT, narrower=True)
    assert sent(wide) == [NAS, USER, ("NAS-Port", 50105), PORT_ID, MAC, ACCT]


def test_what_is_impossible() -> None:
    reasons = {
        "audit": plan(of("cisco-ios-xe", audit_session_id=""), Action.REAUTHENTICATE),
        "action": plan(of("ruckus"), Action.PUSH, PROFILE),
        "family": plan(of("acme"), Action.DISCONNECT),
        "nothing to push": plan(of("procurve"), Action.PUSH, PROFILE[1:]),
        "nothing at all": plan(of("paloalto"), Action.DISCONNECT),
    }
    told = {key: found.reason for key, found in reasons.items() if isinstance(found, Impossible)}
    assert told["audit"] == (
        "Cisco IOS, IOS-XE switches, Catalyst 9800 knows a session by audit-session-id, which this one lacks"
    )
    assert told["action"] == "Ruckus SmartZone (ruckus) can't be asked for push, but for disconnect"
    assert told["family"].startswith("'acme' is no vendor family; allowed: cisco-ios-xe, ")
    assert told["nothing to push"].endswith("it takes Filter-Id, HP-User-Role")
    assert told["nothing at all"].endswith("but for nothing")


def test_on_change_gives_the_best_first() -> None:
    kinds = [(type(each), each.action) for each in on_change(of("cisco-asa"), PROFILE)]
    assert kinds == [(Plan, Action.PUSH), (Plan, Action.DISCONNECT)]
    kinds = [(type(each), each.action) for each in on_change(of("procurve"))]
    assert kinds == [(Impossible, Action.PUSH), (Plan, Action.DISCONNECT)]
    assert on_change(of("paloalto")) == []
    assert isinstance(on_change(of("acme"))[0], Impossible)
