"""families.toml of CoA: complete, and refused when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.coa.family import FAMILIES, Action, Identifier, read
from freeradius_mdm.coa.packet import Code
from freeradius_mdm.profiles.family import FAMILIES as PROFILE_FAMILIES


def test_every_family_of_the_profiles_can_be_told_or_says_that_it_can_not() -> None:
    assert set(PROFILE_FAMILIES) <= set(FAMILIES)


def test_ports() -> None:
    # ise.md section 6.1: 1700 is Cisco's, 3799 the RFC's and everybody else's
    cisco = {name for name, family in FAMILIES.items() if family.port == 1700}
    assert cisco == {"cisco-ios-xe", "cisco-aireos", "cisco-asa", "meraki"}
    assert {family.port for name, family in FAMILIES.items() if name not in cisco} == {3799}


def test_what_ise_md_says_of_some() -> None:
    ios = FAMILIES["cisco-ios-xe"]
    assert ios.on_change == (Action.REAUTHENTICATE, Action.DISCONNECT)
    # audit-session-id alone: every identifier that is sent must match
    for procedure in ios.procedures.values():
        assert [(way.needed, way.wanted) for way in procedure.ways] == [((Identifier.AUDIT_SESSION_ID,), ())]
    assert FAMILIES["cisco-asa"].on_change[0] is Action.PUSH
    for procedure in FAMILIES["aruba-cx"].procedures.values():
        assert all({Identifier.USER_NAME, Identifier.NAS} <= set(way.needed) for way in procedure.ways)
    for procedure in FAMILIES["aruba-controller"].procedures.values():
        assert all(Identifier.ACCT_SESSION_ID not in (*way.needed, *way.wanted) for way in procedure.ways)


def test_a_disconnect_holds_identification_only() -> None:
    # RFC 5176 section 3; AireOS is the exception of ise.md section 6.2
    for name, family in FAMILIES.items():
        for procedure in family.procedures.values():
            if procedure.code is Code.DISCONNECT_REQUEST and name != "cisco-aireos":
                assert procedure.attributes == (), name
                assert not procedure.sends_profile


GOOD = """
[x]
title = "X"
verified = false
source = "a test"
port = 3799
on_change = ["disconnect"]
[x.disconnect]
packet = "disconnect"
identify = [["user-name", "nas?"]]
"""


def test_the_good_one(tmp_path: Path) -> None:
    file = tmp_path / "families.toml"
    file.write_text(GOOD)
    assert list(read(file)) == ["x"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("port = 3799\n", "", "port"),
        ('["disconnect"]', '["push"]', "push"),
        ('["disconnect"]', '["explode"]', "explode"),
        ('"user-name"', '"shoe-size"', "shoe-size"),
        ('"user-name", "nas?"', '"nas?"', "at least one"),
        ('packet = "disconnect"', 'packet = "letter"', "letter"),
        ('packet = "disconnect"', 'packet = "coa"\nattributes = ["Nonsense = 1"]', "no attribute"),
        ('packet = "disconnect"', 'packet = "coa"\nattributes = ["Service-Type = Nonsense"]', "Service-Type"),
        ('packet = "disconnect"', 'packet = "coa"\nsend_profile = true', "send_profile"),
        ("verified", "certified", "certified"),
    ],
)
def test_wrong_data(old: str, new: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "families.toml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError, match=rf"\[x\]: .*{why}"):
        read(file)
