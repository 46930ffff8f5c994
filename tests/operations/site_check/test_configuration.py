"""mdm.toml and its ACLs: everything at once, with the codes and next steps of the reader."""

from __future__ import annotations

from pathlib import Path

from freeradius_mdm.dictionaries import load
from freeradius_mdm.operations.site_check import configuration
from freeradius_mdm.operations.site_check.finding import State
from tests import builders


def test_a_right_one(tmp_path: Path) -> None:
    file = builders.write_toml(tmp_path)
    config, found = configuration.read(file, None)
    assert config is not None
    assert [(each.state, each.text, each.where) for each in found] == [
        # three rules, five profiles, one ACL, cisco-ios-xe and cisco-asa
        (State.OK, "3 rules, 5 profiles, 1 downloadable ACL, 2 vendor families", str(file))
    ]


def test_every_error_at_once(tmp_path: Path) -> None:
    text = builders.TOML.replace("vlan = 20", "vlan = 5000").replace('profile = "Quarantine"', 'profile = "Quarantin"')
    file = builders.write_toml(tmp_path, text)
    (tmp_path / "dacls" / "OPEN.acl").write_text("permit ip any any\npermit tcp any any eq none\n")
    config, found = configuration.read(file, None)
    assert config is None
    assert {each.state for each in found} == {State.ERROR}
    assert {each.code for each in found} == {"M1820"}
    assert all(each.advice for each in found)
    texts = [each.text for each in found]
    vlan = next(text for text in texts if "profiles.Employee.vlan" in text)
    assert vlan.startswith("M18")
    assert "5000" in vlan
    assert any("'Quarantin'" in text for text in texts)
    lines = [each.where for each in found]
    line = text.splitlines().index("vlan = 5000") + 1
    assert f"{file}:{line}" in lines
    assert f"{tmp_path}/dacls/OPEN.acl:2" in lines


def test_warnings_have_their_line(tmp_path: Path) -> None:
    """A connection that goes elsewhere is for labs, and an ACE behind `permit ip any any` never matches."""
    text = builders.TOML.replace("[network_devices]", 'connect_to = "127.0.0.1:8443"\n\n[network_devices]')
    file = builders.write_toml(tmp_path, text)
    acl = tmp_path / "dacls" / "OPEN.acl"
    acl.write_text("permit ip any any\ndeny tcp any any eq 80\n")
    _, found = configuration.read(file, None)
    warnings = [each for each in found if each.state is State.WARNING]
    line = text.splitlines().index('connect_to = "127.0.0.1:8443"') + 1
    assert {each.where for each in warnings} == {f"{file}:{line}", f"{acl}:2"}
    assert all(each.code == "M1820" and each.advice for each in warnings)


def test_actions_that_a_family_can_not_be_asked_for(tmp_path: Path) -> None:
    """As `mdmd --check` tells it; hostapd knows Disconnect alone."""
    file = builders.write_toml(tmp_path, builders.TOML + '\n[coa]\nactions = { hostapd = ["reauthenticate"] }\n')
    _, found = configuration.read(file, None)
    (fault,) = [each for each in found if each.check == "configuration.coa"]
    assert fault.text == "coa.actions.hostapd: it can't be asked for reauthenticate, but for disconnect"


def test_attributes_are_checked_by_the_dictionary(tmp_path: Path) -> None:
    (tmp_path / "dictionary").write_text("ATTRIBUTE\tFilter-Id\t11\tstring\n")
    text = builders.TOML.replace("[profiles.Monitor]\n", '[profiles.Monitor]\nattributes = ["No-Such-Name := x"]\n')
    file = builders.write_toml(tmp_path, text)
    assert configuration.read(file, None)[0] is not None
    config, found = configuration.read(file, load(tmp_path / "dictionary"))
    assert config is None
    assert any("No-Such-Name is in no dictionary of this FreeRADIUS" in each.text for each in found)
