"""The families' data: complete, of known results, and refused when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.profiles import family
from freeradius_mdm.profiles.family import FAMILIES, PROFILE_TAG, Template
from freeradius_mdm.profiles.model import Result
from freeradius_mdm.reply import TYPES, Operator


def test_the_issues_families_are_there() -> None:
    verified = {each.name for each in FAMILIES.values() if each.verified}
    assert verified == {"cisco-ios-xe", "cisco-asa", "strongswan", "hostapd", "generic", "generic-vpn"}
    assert FAMILIES.keys() - verified == {
        "meraki", "aruba-controller", "aruba-cx", "juniper", "procurve", "ruckus", "fortinet", "paloalto",
    }  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_every_attribute_can_be_encoded(name: str) -> None:
    templates = [template for lines in FAMILIES[name].results.values() for template in lines]
    assert templates
    assert [template.name for template in templates if template.name not in TYPES] == []
    assert FAMILIES[name].source
    assert FAMILIES[name].kinds


def test_template() -> None:
    assert Template.parse("Tunnel-Type:{tag} := VLAN") == Template("Tunnel-Type", PROFILE_TAG, Operator.SET, "VLAN")
    assert Template.parse("Tunnel-Type:0 := ESP") == Template("Tunnel-Type", 0, Operator.SET, "ESP")
    assert Template.parse("Cisco-AVPair += a=b c") == Template("Cisco-AVPair", None, Operator.ADD, "a=b c")


@pytest.mark.parametrize("line", ["", "Filter-Id = x", "Filter-Id:1 := x", "Filter-Id := ", "Filter-Id == x"])
def test_no_template(line: str) -> None:
    with pytest.raises(ValueError, match="is no attribute"):
        Template.parse(line)


def test_a_fault_in_the_data_names_its_table(tmp_path: Path) -> None:
    file = tmp_path / "families.toml"
    text = 'title = "X"\nverified = true\nsource = "x"\nkinds = ["wired"]\n[x.results]\n'
    file.write_text(f'[x]\n{text}vlan = ["Filter-Id := {{vlan}}"]\n', encoding="utf-8")
    assert family.read(file)["x"].results.keys() == {Result.VLAN}
    file.write_text(f'[x]\n{text}vlann = ["Filter-Id := {{vlan}}"]\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"families\.toml: \[x\]: 'vlann' is not a valid Result"):
        family.read(file)
