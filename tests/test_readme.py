"""README's table of authorization results: each supported cell names wire tests that are there, no other has any."""

from __future__ import annotations

import re
from pathlib import Path

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
