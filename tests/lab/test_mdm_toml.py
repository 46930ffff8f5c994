"""The lab's mdm.toml, made from the shipped example."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.errors import MdmError
from freeradius_mdm.lab import mdm_toml
from freeradius_mdm.lab.mdm_toml import quoted


def test_the_example_itself_can_be_read(tmp_path: Path) -> None:
    mdm_toml.write(tmp_path / "mdm.toml", {})
    config = load(tmp_path / "mdm.toml")
    assert (config.service.wait, config.servers[0].reauth_interval, config.warnings) == (2.0, 14400.0, ())
    assert sorted(config.dacls) == ["PERMIT-INTRANET", "QUARANTINE", "QUARANTINE-IPV6"]


def test_settings_take_the_place_of_the_examples(tmp_path: Path) -> None:
    settings = {
        "listen": quoted("127.0.0.1:1234"),
        "audit_required": "true",
        "refresh_margin": quoted("30m"),  # a comment in the example
        "ca_file": quoted(tmp_path / "ca.pem"),
    }
    mdm_toml.write(tmp_path / "mdm.toml", settings, 'connect_to = "127.0.0.1:443"')
    config = load(tmp_path / "mdm.toml")
    assert (config.service.listen_port, config.service.audit_required) == (1234, True)
    [server] = config.servers
    assert (server.refresh_margin, server.ca_file, server.connect_to) == (1800.0, tmp_path / "ca.pem", "127.0.0.1:443")


def test_nothing_else_is_changed(tmp_path: Path) -> None:
    mdm_toml.write(tmp_path / "mdm.toml", {"wait": '"3s"'})
    lines = mdm_toml.EXAMPLE.read_text().splitlines()
    changed = [
        (old, new)
        for old, new in zip(lines, (tmp_path / "mdm.toml").read_text().splitlines(), strict=True)
        if old != new
    ]
    assert [new for _, new in changed] == ['wait = "3s"']


def test_a_setting_of_a_table_is_not_another_tables(tmp_path: Path) -> None:
    mdm_toml.write(tmp_path / "mdm.toml", {"coa.mode": '"dry-run"', "policy.mode": '"monitor"', "coa.grace": '"5m"'})
    config = load(tmp_path / "mdm.toml")
    assert (config.coa.mode, config.policy.mode, config.coa.grace) == ("dry-run", "monitor", 300.0)


def test_an_unknown_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MdmError, match="has no setting wiat"):
        mdm_toml.write(tmp_path / "mdm.toml", {"wiat": '"3s"'})


def test_dacls_that_were_edited_are_kept(tmp_path: Path) -> None:
    mdm_toml.write(tmp_path / "mdm.toml", {})
    edited = tmp_path / "dacls/QUARANTINE.acl"
    edited.write_text("deny ip any any\n")
    mdm_toml.write(tmp_path / "mdm.toml", {})
    assert edited.read_text() == "deny ip any any\n"


@pytest.mark.parametrize("text", ["plain", 'with "quotes"', "back\\slash", r"\1 and \g<0>"])
def test_any_path_can_be_written(text: str, tmp_path: Path) -> None:
    mdm_toml.write(tmp_path / "mdm.toml", {"state_directory": quoted(f"/var/{text}")})
    assert str(load(tmp_path / "mdm.toml").service.state_directory) == f"/var/{text}"


def test_rules_and_profiles_of_its_own(tmp_path: Path) -> None:
    policy = (
        '[[rules]]\nname = "All"\nwhen = { "MDM:MDMServerReachable" = ["Reachable", "UnReachable"] }\n'
        'profile = "Reject"\n[profiles.Monitor]\n[profiles.Reject]\naccess = "reject"\n'
    )
    mdm_toml.write(tmp_path / "mdm.toml", {"wait": '"3s"'}, policy=policy)
    config = load(tmp_path / "mdm.toml")
    assert config.service.wait == 3.0
    assert [rule.name for rule in config.policy.rules] == ["All"]
    assert sorted(config.profiles) == ["Monitor", "Reject"]
