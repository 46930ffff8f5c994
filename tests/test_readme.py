"""README's tables: each supported cell of the results names wire tests that are there, no other has any; and how each
vendor family is told of a change is as the data has it."""

from __future__ import annotations

import re
from pathlib import Path

from freeradius_mdm.coa import family as coa
from freeradius_mdm.coa.family import Identifier
from freeradius_mdm.profiles.family import FAMILIES
from freeradius_mdm.profiles.model import Result

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests/radius/golden"
ON_ALL = ("attributes", "reply_message")  # no line of families.toml, but sent to every family


def table() -> dict[str, dict[str, str]]:
    """Result to family to cell."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| result |"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    families = rows[0][1:]
    return {row[0]: dict(zip(families, row[1:], strict=True)) for row in rows[2:]}


def test_every_verified_family_has_a_column() -> None:
    assert list(next(iter(table().values()))) == [each.name for each in FAMILIES.values() if each.verified]


def test_every_supported_cell_names_its_tests() -> None:
    expressible = {result.value for each in FAMILIES.values() if each.verified for result in each.results}
    assert set(table()) == expressible | set(ON_ALL)
    for result, cells in table().items():
        for family, cell in cells.items():
            supported = result in ON_ALL or Result(result) in FAMILIES[family].results
            assert bool(cell) == supported, (result, family)


def test_every_named_test_is_there() -> None:
    for cells in table().values():
        for family, cell in cells.items():
            text = (GOLDEN / f"{family}.filter").read_text(encoding="utf-8")
            pairs = set(re.findall(r"^# ([a-z0-9-]+)\. ", text, re.MULTILINE))
            assert {name for name in cell.split(", ") if name} <= pairs, family


def test_every_pair_stands_in_the_table() -> None:
    """The combinations and the refusal are no single result."""
    whole = {"captured", "everything", "everything-vpn", "reject"}
    for family in (each.name for each in FAMILIES.values() if each.verified):
        named = {name for cells in table().values() for name in cells[family].split(", ")}
        text = (GOLDEN / f"{family}.filter").read_text(encoding="utf-8")
        assert set(re.findall(r"^# ([a-z0-9-]+)\. ", text, re.MULTILINE)) - named - whole == set(), family


def coa_table() -> dict[str, str]:
    """Family to how a session is named there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = text[text.index("| family | what it gets |") :].split("\n\n")[0].splitlines()[2:]
    return {cells[0].strip(): cells[2].strip().lower() for row in rows if (cells := row.strip("|").split("|"))}


def test_the_coa_table_has_every_family_whose_results_are_verified() -> None:
    assert set(coa_table()) == {each.name for each in FAMILIES.values() if each.verified}


def test_the_coa_table_names_sessions_as_the_data_does() -> None:
    """What is sent only where it is known may stand there too; the network device's own name never does."""
    names = {each.value for each in Identifier} - {Identifier.NAS.value}
    for family, cell in coa_table().items():
        told = {name for name in names if re.search(rf"(?<![a-z-]){name}(?![a-z-])", cell)}
        data = coa.FAMILIES[family]
        ways = [way for action in data.on_change for way in data.procedures[action].ways]
        needed = {each.value for way in ways for each in way.needed}
        assert needed <= told <= needed | {each.value for way in ways for each in way.wanted}, family


def test_readme_tells_which_coa_families_were_run_against_the_real_software() -> None:
    found = re.search(
        r"Run against the\s+real software: ([a-z, -]+)\.", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    assert found is not None
    assert set(found[1].split(", ")) == {each.name for each in coa.FAMILIES.values() if each.verified}
