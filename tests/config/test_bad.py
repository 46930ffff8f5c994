"""Faulty configurations beside the exact text an operator gets to read: bad/NAME.toml and bad/NAME.txt."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.errors import ConfigError
from tests.builders import write_toml

BAD = Path(__file__).parent / "bad"


@pytest.mark.parametrize("name", sorted(file.stem for file in BAD.glob("*.toml")))
def test_error_text(name: str, tmp_path: Path) -> None:
    write_toml(tmp_path)  # brings dacls/OPEN.acl
    (tmp_path / "dacls" / "OPEN-SIX.ipv6.acl").write_text("permit ipv6 any any\n", encoding="utf-8")
    shutil.copy(BAD / f"{name}.toml", tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / f"{name}.toml")
    expected = (BAD / f"{name}.txt").read_text(encoding="utf-8")
    assert str(caught.value).replace(f"{tmp_path}/", "") + "\n" == expected


def test_every_text_has_its_configuration() -> None:
    assert {file.stem for file in BAD.glob("*.txt")} == {file.stem for file in BAD.glob("*.toml")}
