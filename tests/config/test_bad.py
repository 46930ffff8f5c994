"""Faulty configurations beside the exact text an operator gets to read: bad/NAME.toml and bad/NAME.txt.

The texts are written by hand from the example configuration's comments and the codes' meanings. A directory bad/NAME
holds the dACL files that lie beside that configuration.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from freeradius_mdm.config.codes import ConfigCode
from freeradius_mdm.config.reader import load
from freeradius_mdm.errors import ConfigError
from tests.builders import write_toml

BAD = Path(__file__).parent / "bad"
NAMES = sorted(file.stem for file in BAD.glob("*.toml"))


def refused(name: str, directory: Path) -> ConfigError:
    write_toml(directory)  # brings dacls/OPEN.acl
    (directory / "dacls" / "OPEN-SIX.ipv6.acl").write_text("permit ipv6 any any\n", encoding="utf-8")
    if (BAD / name).is_dir():
        shutil.copytree(BAD / name, directory / "dacls", dirs_exist_ok=True)
    shutil.copy(BAD / f"{name}.toml", directory)
    with pytest.raises(ConfigError) as caught:
        load(directory / f"{name}.toml")
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_error_text(name: str, tmp_path: Path) -> None:
    expected = (BAD / f"{name}.txt").read_text(encoding="utf-8")
    assert "\n".join(refused(name, tmp_path).lines()).replace(f"{tmp_path}/", "") + "\n" == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_log_gets_one_line_for_each(name: str, tmp_path: Path) -> None:
    error = refused(name, tmp_path)
    head, *lines = str(error).splitlines()
    assert head == error.head
    assert len(lines) == len(error.problems)
    assert all(
        re.fullmatch(r"/.*\.(toml|acl):[1-9][0-9]*: M18[56][0-9] .+; allowed: .+; next: .+", line) for line in lines
    )


def test_every_text_has_its_configuration() -> None:
    assert {file.stem for file in BAD.glob("*.txt")} == set(NAMES)


def test_every_code_and_every_table_has_a_pair() -> None:
    told = "".join(file.read_text(encoding="utf-8") for file in BAD.glob("*.txt"))
    # What is wrong in FreeRADIUS's own files: tests/coa/test_clients_conf.py.
    assert {code for code in ConfigCode if f": {code} " not in told} == {ConfigCode.RADDB}
    keys = set(re.findall(r"M18\d\d ([a-z_]+)", told))
    tables = "service sessions servers network_devices identity coa cluster policy rules profiles"
    assert set(tables.split()) <= keys
    assert "dacls/" in told
