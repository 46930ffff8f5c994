"""Every code has a meaning: those defined, and those that anything in the package speaks of."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from freeradius_mdm.codes import Code
from freeradius_mdm.config.codes import ConfigCode
from freeradius_mdm.mdm.codes import MdmCode
from freeradius_mdm.operations.catalogue import FAMILIES, entries, find
from freeradius_mdm.operations.code_advice import ADVICE
from freeradius_mdm.operations.codes import MEANINGS, OperationCode
from freeradius_mdm.operations.errors import OperationError

ROOT = Path(__file__).parents[2]
DEFINED = [*Code, *MdmCode, *ConfigCode, *OperationCode]


def test_every_code_is_there_once() -> None:
    assert Counter(entry.code for entry in entries()) == Counter(str(code) for code in DEFINED)
    assert max(Counter(str(code) for code in DEFINED).values()) == 1


def test_every_entry_says_what_it_is_about() -> None:
    for entry in entries():
        assert entry.meaning, entry
        assert entry.family, entry
        assert "\n" not in entry.meaning + entry.next


def test_every_code_of_a_command_has_a_next_step() -> None:
    assert set(ADVICE) == set(OperationCode) == set(MEANINGS)


@pytest.mark.parametrize("folder", ["module/freeradius_mdm", "freeradius"])
def test_every_code_spoken_of_anywhere_has_a_meaning(folder: str) -> None:
    known = {entry.code for entry in entries()}
    spoken: dict[str, str] = {}
    for file in (ROOT / folder).rglob("*"):
        if file.is_file() and file.suffix in {".py", ".toml", ".md", ".mdm", ".lua", ".service", ".sh", ""}:
            text = file.read_text(encoding="utf-8", errors="replace")
            text = re.sub(r"M1[0-9]{3} to M1[0-9]{3}|M1[0-9]xx", "", text)  # families
            spoken |= {code: str(file) for code in re.findall(r"\bM1[0-9]{3}\b", text)}
    assert {code: file for code, file in spoken.items() if code not in known} == {}
    if folder.startswith("module"):
        assert len(spoken) >= len(known)  # the files are found at all


def test_one_code() -> None:
    (entry,) = find("m1852")
    assert (entry.code, entry.family, entry.meaning) == (
        "M1852",
        "the configuration",
        "a setting is missing that has to be there",
    )
    assert entry.next == "add it to the table of the line named"


def test_a_family() -> None:
    found = find("M16")
    assert {entry.code for entry in found} == {code.value for code in Code if code.value.startswith("M16")}
    assert {entry.family for entry in found} == {"change of authorization"}


@pytest.mark.parametrize("text", ["AADSTS700027", "aadsts700027", "700027"])
def test_a_code_of_entras(text: str) -> None:
    # intune.md section 2.5: upload the certificate; on renewal upload first, switch after.
    (entry,) = find(text)
    assert entry.code == "AADSTS700027"
    assert "upload" in entry.next


@pytest.mark.parametrize("text", ["", "M1999", "X", "1852", "AADSTS1", "M1852; rm"])
def test_no_such_code(text: str) -> None:
    with pytest.raises(OperationError) as caught:
        find(text)
    assert caught.value.code == OperationCode.NOT_FOUND


def test_every_family_has_codes() -> None:
    assert set(FAMILIES.values()) - {entry.family for entry in entries()} == {FAMILIES["AADSTS"]}
