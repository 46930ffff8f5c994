"""Lists in the width there is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from freeradius_mdm.cli.show.listing import Column, show

COLUMNS = (Column("Name"), Column("Count#", 1), Column("Text", 2, folds=True), Column("Rare", 3, optional=True))
ROWS = [("a", "5", "one two three four five six seven", ""), ("long name", "12345678", "short", "")]


def printed(rows: list[tuple[str, ...]], width: int | None, title: str = "") -> tuple[str, list[str]]:
    file = io.StringIO()
    console = Console(file=file, force_terminal=width is not None, width=width, color_system=None, _environ={})
    left_out = show(console, COLUMNS, rows, title)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()), left_out


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def test_all_of_it_fits() -> None:
    assert printed(ROWS, 80, "Title") == (
        """\
Title
Name           Count   Text
────────────────────────────────────────────────────────
a                  5   one two three four five six seven
long name   12345678   short""",
        [],
    )


def test_folded_when_that_is_enough() -> None:
    """9 + 3 + 8 + 3 columns, and 27 for the text."""
    out, left_out = printed(ROWS, 50)
    assert left_out == []
    assert (
        out
        == """\
Name           Count   Text
──────────────────────────────────────────────────
a                  5   one two three four five six
                       seven
long name   12345678   short"""
    )


def test_the_highest_number_goes_first() -> None:
    filled = [(*ROWS[0][:3], "x"), ROWS[1]]
    assert printed(filled, 53) == (printed(ROWS, 53)[0], ["Rare"])
    assert printed(filled, 30)[1] == ["Text", "Rare"]
    assert printed(filled, 12)[1] == ["Count", "Text", "Rare"]
    assert printed(filled, 5)[1] == ["Count", "Text", "Rare"]  # what may not be left out is folded


def test_a_pipe_gets_everything_in_one_line_each() -> None:
    long = ("n" * 300, "1", "t" * 300, "")
    out, left_out = printed([long], None)
    assert left_out == []
    assert out.splitlines()[2] == f"{'n' * 300}       1   {'t' * 300}"


def test_columns_limits_a_pipe_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    file = io.StringIO()
    assert show(Console(file=file, color_system=None), COLUMNS, ROWS) == ["Text"]
    assert max(map(len, file.getvalue().splitlines())) <= 30


def test_more_rows_than_are_printed_at_once() -> None:
    out, _ = printed([(str(n), "", "", "") for n in range(1234)], 80)
    assert [line.strip() for line in out.splitlines()[2:]] == [str(n) for n in range(1234)]


def test_colours_and_wide_characters() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system="standard", _environ={})
    show(console, (Column("A"), Column("B")), [(Text("ok", style="green"), "x"), ("山田", "y")])
    assert file.getvalue().splitlines()[2:] == ["\x1b[32mok\x1b[0m     x", "山田   y"]


def test_control_characters_are_made_visible() -> None:
    assert printed([("a\x1b[2Jb\n", "", "", "")], 80)[0].splitlines()[2] == r"a\x1b[2Jb\x0a"
