"""`[service] control_group`: who may give mdmd orders beside root."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.errors import ConfigError
from tests.builders import TOML, config, write_toml


def test_nobody_by_default(tmp_path: Path) -> None:
    service = config(tmp_path).service
    assert service.control_group == ""
    assert service.control_socket == tmp_path / "state" / "control.sock"


def test_a_group(tmp_path: Path) -> None:
    text = TOML.replace("[service]\n", '[service]\ncontrol_group = "net-ops"\n')
    assert load(write_toml(tmp_path, text)).service.control_group == "net-ops"


@pytest.mark.parametrize("value", ['"two words"', '""', '"a:b"', "1000", '["one"]'])
def test_what_is_no_group(value: str, tmp_path: Path) -> None:
    text = TOML.replace("[service]\n", f"[service]\ncontrol_group = {value}\n")
    with pytest.raises(ConfigError, match="the name of a group on this machine"):
        load(write_toml(tmp_path, text))
