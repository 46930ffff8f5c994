"""The site's mdm.toml for the temporary server: profiles, network devices and ACLs are the site's, the rest is not."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.operations.site_check.loopback import mdm_toml
from tests import builders

EXTRA = """
[cluster]
redis = "redis://127.0.0.1"

[coa]
mode = "off"

[profiles."A b.c-d_e"]
filter_id = "x"
attributes = ["Cisco-AVPair += role=\\\\guest"]
"""


def written(directory: Path) -> Path:
    site = builders.write_toml(directory / "site", builders.TOML + EXTRA)
    profiles = list(load(site).profiles)
    made = directory / "made"
    made.mkdir()
    (made / "dacls").symlink_to(site.parent / "dacls")
    mdm_toml.write(site, made / "mdm.toml", directory / "state", profiles)
    return made / "mdm.toml"


def test_profiles_are_the_sites_and_chosen_by_the_request(tmp_path: Path) -> None:
    made, site = load(written(tmp_path)), load(tmp_path / "site" / "mdm.toml")
    assert made.profiles == site.profiles
    assert made.network_devices == site.network_devices
    assert made.dacls.keys() == site.dacls.keys()
    assert [rule.profile for rule in made.policy.rules] == [*site.profiles, "Employee"]
    assert made.cluster is None
    assert made.service.state_directory == tmp_path / "state"
    assert made.servers[0].client_secret_file == tmp_path / "site" / "secret"
    assert made.servers[0].reauth_interval == site.servers[0].reauth_interval


def test_monitor_mode_is_left_out(tmp_path: Path) -> None:
    text = builders.TOML.replace("[policy]\n", '[policy]\nmode = "monitor"\n')
    site = builders.write_toml(tmp_path, text)
    mdm_toml.write(site, tmp_path / "other.toml", tmp_path / "state", ["Employee"])
    assert tomllib.loads((tmp_path / "other.toml").read_text())["policy"] == {
        "mode": "enforce",
        "default_profile": "Employee",
    }


@pytest.mark.parametrize(
    "value",
    [
        {"a": 'quote " backslash \\ tab \t line \n unit \x1f del \x7f ü 💻'},
        {"a": [1, 2.5, True, False, "x", [], {}]},
        {"a": {"b c": {"d.e": [{"f": -1}]}}},
        {"key with = and #": "x"},
        {"": 0},
    ],
)
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    assert tomllib.loads(mdm_toml.toml(value)) == value
