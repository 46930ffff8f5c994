"""The demo's table: what stands in a row, and every way in which rows can differ from what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from freeradius_mdm.decision import Decision, Outcome
from freeradius_mdm.lab.cast import expected_rows
from freeradius_mdm.lab.radius.attributes import Attribute
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import Code
from freeradius_mdm.lab.table import KEYS, Row, differences, render

ATTRIBUTES = {
    "Tunnel-Private-Group-Id": "EMPLOYEES",
    "Cisco-AVPair": "ACS:CiscoSecure-Defined-ACL=#ACSACL#-IP-PERMIT-INTRANET-ba3efdc0",
    "Filter-Id": "GUEST.in",
    "Session-Timeout": 14400,
}
EXPECTED = {
    "device": "laptop",
    "result": "accept",
    "vlan": "EMPLOYEES",
    "dacl": "#ACSACL#-IP-PERMIT-INTRANET-*",
    "filter_id": "GUEST.in",
    "session_timeout": 14400,
    "rule": "Compliant",
    "profile": "Employee",
    "code": "M1302",
}


def row(device: str = "laptop", *, code: Code = Code.ACCESS_ACCEPT, without: str = "", **decision: Any) -> Row:
    """A row that is as EXPECTED says, but for what is given."""
    given = tuple(Attribute(name, None, value) for name, value in ATTRIBUTES.items() if name != without)
    reply = Reply(code, given, None, False, True, True, 200)
    values = {"rule": "Compliant", "profile": "Employee", "reason_code": "M1302"} | decision
    return Row(device, "wired, EAP-TLS", reply, Decision(id="0" * 24, at=0.0, outcome=Outcome.ACCEPT, **values))


def test_no_difference() -> None:
    assert differences([row()], [EXPECTED]) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        # one wrong value of each key
        ({"result": "reject"}, "laptop: result is 'accept', expected 'reject'"),
        ({"vlan": "666"}, "laptop: vlan is 'EMPLOYEES', expected '666'"),
        (
            {"dacl": "#ACSACL#-IP-QUARANTINE-*"},
            "laptop: dacl is '#ACSACL#-IP-PERMIT-INTRANET-ba3efdc0', expected '#ACSACL#-IP-QUARANTINE-*'",
        ),
        ({"filter_id": "STAFF.in"}, "laptop: filter_id is 'GUEST.in', expected 'STAFF.in'"),
        ({"session_timeout": 600}, "laptop: session_timeout is 14400, expected 600"),
        ({"rule": "Not compliant"}, "laptop: rule is 'Compliant', expected 'Not compliant'"),
        ({"profile": "Guest"}, "laptop: profile is 'Employee', expected 'Guest'"),
        ({"code": "M1303"}, "laptop: code is 'M1302', expected 'M1303'"),
    ],
)
def test_a_value_that_differs(change: Mapping[str, Any], sentence: str) -> None:
    assert differences([row()], [EXPECTED | change]) == [sentence]


@pytest.mark.parametrize("key", KEYS)
def test_what_the_file_does_not_name_has_to_be_absent(key: str) -> None:
    wanted = {name: value for name, value in EXPECTED.items() if name != key}
    [sentence] = differences([row()], [wanted])
    assert sentence.startswith(f"laptop: {key} is ")
    assert sentence.endswith(", expected None")


@pytest.mark.parametrize(
    ("attribute", "key"),
    [
        ("Tunnel-Private-Group-Id", "vlan"),
        ("Cisco-AVPair", "dacl"),
        ("Filter-Id", "filter_id"),
        ("Session-Timeout", "session_timeout"),
    ],
)
def test_what_is_expected_has_to_be_there(attribute: str, key: str) -> None:
    [sentence] = differences([row(without=attribute)], [EXPECTED])
    assert sentence == f"laptop: {key} is None, expected {EXPECTED[key]!r}"


def test_a_reject_with_the_right_attributes_differs() -> None:
    assert differences([row(code=Code.ACCESS_REJECT)], [EXPECTED]) == ["laptop: result is 'reject', expected 'accept'"]


def test_rows_that_are_missing_or_too_many() -> None:
    assert differences([row("phone")], [EXPECTED]) == ["laptop: did not sign in", "phone: is not in expected.toml"]


def test_several_differences_are_all_told() -> None:
    found = differences([row(), row("phone", rule="Other")], [EXPECTED | {"vlan": "1"}, EXPECTED | {"device": "phone"}])
    assert [sentence.partition(" is ")[0] for sentence in found] == ["laptop: vlan", "phone: rule"]


def test_a_number_is_not_its_text() -> None:
    assert differences([row()], [EXPECTED | {"session_timeout": "14400"}]) != []


def test_every_key_of_the_shipped_file_is_compared() -> None:
    known = {"device", *KEYS}
    assert [set(expected) - known for expected in expected_rows()] == [set()] * len(expected_rows())


def test_an_unknown_key_is_no_value() -> None:
    with pytest.raises(KeyError, match="no key 'vlans'"):
        row().value("vlans")


def test_the_table() -> None:
    refused = row("phone", code=Code.ACCESS_REJECT, without="Session-Timeout", reason="two ids", reason_code="M1110")
    assert render([row(registration="Registered", compliance="Compliant", record_source="Live"), refused]).split(
        "\n"
    ) == [
        "device  arrives         result  vlan       dacl / filter             timer    rule       why",
        "------  --------------  ------  ---------  ------------------------  -------  ---------  ---",
        "laptop  wired, EAP-TLS  accept  EMPLOYEES  PERMIT-INTRANET-ba3efdc0  14400 s  Compliant  "
        "Registered, Compliant, Live",
        "phone   wired, EAP-TLS  reject  EMPLOYEES  PERMIT-INTRANET-ba3efdc0           Compliant  M1110 two ids",
    ]
