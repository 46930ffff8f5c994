"""Which columns fit, how text is folded, and what stands in a line."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from freeradius_mdm.cli.show.log_columns import COLUMNS, Layout, folded, reason_of
from freeradius_mdm.decision import Decision
from freeradius_mdm.operations.views.live import LogEntry, entry_of
from freeradius_mdm.store.query import StoredDecision
from tests.operations.views.samples import accepted, rejected

NEVER_LEFT_OUT = {"Time", "Status", "Identity", "Reason"}


def entry(decision: Decision) -> LogEntry:
    return entry_of(StoredDecision(1, decision))


@pytest.mark.parametrize("width", range(30, 320))
def test_every_width(width: int) -> None:
    """Nothing is wider than the terminal, and nothing that matters more is left out for what matters less."""
    layout = Layout(width, advice=True)
    names = layout.names
    assert set(names) >= NEVER_LEFT_OUT
    kept = {column.name: column.keep for column in COLUMNS}
    shown = [kept[name] for name in names if name in kept]
    assert sorted(shown) == list(range(len(shown)))
    for decision in (accepted(1), rejected(2, reason_code="M1115", reason="x" * 100, user="y" * 100)):
        lines = layout.lines(entry(decision))
        assert max(cell_len(line.plain) for line in lines) <= width
        assert "M1" in "".join(line.plain for line in lines)
    assert cell_len(layout.header().plain.rstrip()) <= width


def test_wide_characters_take_two_places() -> None:
    layout = Layout(80)
    (line,) = layout.lines(entry(accepted(1, user="山田太郎さんの端末", reason="r")))
    (other,) = layout.lines(entry(accepted(1, user="x", reason="r")))
    assert cell_len(line.plain) == cell_len(other.plain)


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("one two three", 20, ["one two three"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 7, ["one two", "three"]),
        ("abcdefghij kl", 4, ["abcd", "efgh", "ij", "kl"]),
        ("山田太郎", 5, ["山田", "太郎"]),
        ("", 5, [""]),
    ],
)
def test_folding(text: str, width: int, expected: list[str]) -> None:
    assert folded(text, width) == expected


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (accepted(1), "M1302 rule Compliant"),
        (accepted(1, reachable="UnReachable"), "M1302 rule Compliant (Intune unreachable)"),
        (
            accepted(1, reason_code="M1304", reason="monitor mode, enforcing would give Quarantine",
                     would_be_profile="Quarantine"),
            "M1304 monitor mode, enforcing would give Quarantine",
        ),
        (
            rejected(1, reason_code="M1414", reason="no VLANs there", would_be_profile="Quarantine"),
            "M1414 no VLANs there (would be Quarantine)",
        ),
        (accepted(1, reason="a\x1b[31mb\nc"), r"M1302 a\x1b[31mb\x0ac"),
    ],
)  # fmt: skip
def test_reasons(decision: Decision, expected: str) -> None:
    assert reason_of(entry(decision)) == expected


@pytest.mark.parametrize(
    ("decision", "text", "style"),
    [
        (accepted(1), "accept  ", "green"),
        (rejected(1), "reject  ", "bold red"),
        (accepted(1, would_be_profile="Quarantine"), "monitor ", "yellow"),
        (accepted(1, reachable="UnReachable"), "accept! ", "yellow"),
        (rejected(1, reachable="UnReachable"), "reject! ", "bold red"),
        (accepted(1, would_be_profile="x", reachable="UnReachable"), "monitor!", "yellow"),
    ],
)
def test_statuses(decision: Decision, text: str, style: str) -> None:
    line = Layout(120).lines(entry(decision))[0]
    assert line.plain[9:17] == text
    assert (9, 9 + len(text.rstrip()), style) in [(span.start, span.end, span.style) for span in line.spans] or (
        9, 17, style) in [(span.start, span.end, span.style) for span in line.spans]  # fmt: skip


def test_a_pipe_cuts_nothing() -> None:
    long = "u" * 60
    (line,) = Layout(None).lines(entry(accepted(1, user=long, reason="r" * 300)))
    assert long in line.plain
    assert line.plain.endswith("r" * 300)
