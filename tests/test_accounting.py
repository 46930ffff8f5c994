"""An Accounting-Request as an event; names and values as FreeRADIUS 3.2 prints them (freeradius.md section 2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.accounting import AccountingEvent, AccountingStatus, from_request
from tests.builders import NOW, request

ID, OTHER_ID = "0123456789abcdef01234567", "89abcdef0123456789abcdef"
# `mdm:` and the id as octets, written by hand.
CLASS = "0x6d646d3a303132333435363738396162636465663031323334353637"
OTHER_CLASS = "0x6d646d3a383961626364656630313233343536373839616263646566"
# RFC 2866 section 5.13 says which attribute stands in which request; the shape is a Catalyst's.
STOP = (
    ("User-Name", "host/laptop"),
    ("Cisco-AVPair", "audit-session-id=0A0A0A0A0000001400C1A2B3"),
    ("Cisco-AVPair", "connect-progress=Call Up"),
    ("Acct-Session-Id", "0000001A"),
    ("Acct-Multi-Session-Id", "multi-1"),
    ("Acct-Status-Type", "Stop"),
    ("Acct-Delay-Time", "5"),
    ("Acct-Session-Time", "3600"),
    ("Acct-Terminate-Cause", "Lost-Carrier"),
    ("NAS-IP-Address", "192.0.2.10"),
    ("NAS-Identifier", "sw1"),
    ("NAS-Port", "50101"),
    ("NAS-Port-Id", "GigabitEthernet1/0/1"),
    ("Calling-Station-Id", "00-50-56-A1-B2-C3"),
    ("Called-Station-Id", "00-1B-54-AA-BB-01"),
    ("Framed-IP-Address", "10.20.0.7"),
    ("Framed-IPv6-Prefix", "2001:db8::/64"),
    ("Class", CLASS),
    ("MDM-Client-Address", "192.0.2.9"),
    ("MDM-Client-Name", "switch"),
    ("MDM-Vendor-Family", "cisco-ios-xe"),
)


def test_everything_of_a_stop() -> None:
    event = from_request(request(*STOP), NOW)
    assert event == AccountingEvent(
        at=NOW,
        status=AccountingStatus.STOP,
        client="192.0.2.9",
        client_name="switch",
        nas_address="192.0.2.10",
        nas_identifier="sw1",
        nas_port="50101",
        nas_port_id="GigabitEthernet1/0/1",
        user="host/laptop",
        calling_station="00-50-56-A1-B2-C3",
        called_station="00-1B-54-AA-BB-01",
        acct_session_id="0000001A",
        acct_multi_session_id="multi-1",
        audit_session_id="0A0A0A0A0000001400C1A2B3",
        decision_ids=(ID,),
        framed_ip="10.20.0.7",
        framed_ipv6="2001:db8::/64",
        session_time=3600,
        delay=5,
        terminate_cause="Lost-Carrier",
        family="cisco-ios-xe",
    )
    assert (event.moment, event.mac, event.nas, event.decision_id) == (NOW - 5, "005056A1B2C3", "192.0.2.9", ID)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("Start", "start"),
        ("1", "start"),
        ("Stop", "stop"),
        ("2", "stop"),
        ("Interim-Update", "interim"),
        ("Alive", "interim"),
        ("3", "interim"),
        ("Accounting-On", "on"),
        ("7", "on"),
        ("Accounting-Off", "off"),
        ("8", "off"),
        ("Tunnel-Start", "other"),  # RFC 2867
        ("Failed", "other"),
        ("15", "other"),
        ("", "other"),
    ],
)
def test_status(value: str, status: str) -> None:
    event = from_request(request(("Acct-Status-Type", value)), NOW)
    assert event.status == status
    assert bool(event.problem) == (status == "other")


@pytest.mark.parametrize(
    ("pairs", "problem"),
    [
        ((), "it has no Acct-Status-Type"),
        (
            (("Acct-Status-Type", "Start"), ("Acct-Status-Type", "Stop")),
            "it has several Acct-Status-Type: Start, Stop",
        ),
        ((("Acct-Status-Type", "Tunnel-Stop"),), "Acct-Status-Type Tunnel-Stop says nothing of a session"),
    ],
)
def test_problem(pairs: tuple[tuple[str, str], ...], problem: str) -> None:
    assert from_request(request(*pairs), NOW).problem == problem


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ([], ()),
        ([CLASS], (ID,)),
        ([CLASS.upper().replace("0X", "0x")], (ID,)),
        ([CLASS, OTHER_CLASS], (ID, OTHER_ID)),
        ([CLASS, CLASS], (ID,)),
        (["0x434143533a3041", CLASS], (ID,)),  # CACS:0A, what ISE gives
        (["0x" + b"ou=GroupPolicy1;".hex(), CLASS], (ID,)),  # a group policy of an ASA
        ([CLASS[:-2]], ()),
        ([CLASS + "30"], ()),
        (["0x" + b"mdm:0123456789ABCDEF01234567".hex()], ()),  # ours are lower case
        (["mdm:0123456789abcdef01234567"], ()),  # octets arrive as 0x
    ],
)
def test_class(values: list[str], ids: tuple[str, ...]) -> None:
    event = from_request(request(*(("Class", value) for value in values)), NOW)
    assert event.decision_ids == ids
    assert event.decision_id == (ids[-1] if ids else "")


@pytest.mark.parametrize(
    ("text", "delay"),
    [("0", 0), ("61", 61), ("86400", 86400), ("86401", 0), ("-1", 0), ("x", 0), ("²", 0), ("9" * 500, 0)],
)
def test_delay(text: str, delay: int) -> None:
    assert from_request(request(("Acct-Delay-Time", text)), NOW).delay == delay


def test_a_cut_value_is_none() -> None:
    event = from_request(request(("Acct-Session-Id", "x" * 1000), ("User-Name", "x" * 999)), NOW)
    assert (event.acct_session_id, len(event.user)) == ("", 999)


def test_a_line_holds_what_is_there() -> None:
    event = from_request(request(*STOP), NOW)
    assert AccountingEvent.from_json(event.to_json()) == event
    line = AccountingEvent(NOW, AccountingStatus.ON, client="192.0.2.9").to_json()
    assert line == '{"at":1700000000.0,"status":"on","client":"192.0.2.9"}'
    assert AccountingEvent.from_json(line).client == "192.0.2.9"


_NAMES = [name for name, _ in STOP] + ["NAS-IPv6-Address", "Framed-IPv6-Address"]


@given(st.lists(st.tuples(st.sampled_from(_NAMES), st.text(st.characters(codec="utf-8"), max_size=1100))))
def test_nothing_is_refused_and_everything_goes_round(pairs: list[tuple[str, str]]) -> None:
    event = from_request(request(*pairs), NOW)
    text = event.to_json()
    assert "\n" not in text
    assert AccountingEvent.from_json(text) == event


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", "not an accounting event"),
        ('{"at":1}', "not an accounting event: 'status'"),
        ('{"at":1,"status":"start","colour":"red"}', "unexpected keyword"),
        ('{"at":1,"status":"start","user":5}', "user is not text"),
        ('{"at":1,"status":"start","user":"\\udfff"}', "surrogates not allowed"),
        ('{"at":1,"status":"start","decision_ids":["x"]}', "24 hexadecimal digits"),
        ('{"at":1,"status":"start","decision_ids":5}', "not an accounting event"),
        ('{"at":true,"status":"start"}', "the time is not a number"),
        ('{"at":NaN,"status":"start"}', "the time is not a number"),
        ('{"at":1,"status":"start","delay":null}', "delay is not a count"),
        ('{"at":1,"status":"start","delay":1.5}', "delay is not a count"),
        ('{"at":1,"status":"start","session_time":-1}', "session_time is not a count"),
    ],
)
def test_what_the_store_could_not_hold_is_a_value_error(text: str, what: str) -> None:
    with pytest.raises((ValueError, TypeError), match=what) as caught:
        AccountingEvent.from_json(text)
    assert isinstance(caught.value, ValueError)
