"""`mdmctl live` in a real terminal, while decisions come in."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from freeradius_mdm.decision import Decision
from tests.operations.views.samples import Site, accepted, make_site, rejected

from .terminal import Terminal
from .test_live import ALL_COLUMNS

# A User-Name that tries to clear the screen, to set the title and to colour what follows.
HOSTILE = "eve\x1b[2J\x1b]0;owned\x07\x1b[31m\r\n\u202etxt"
WAITING = "mdmd does not answer"  # the last line says it, since no mdmd runs


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = make_site(tmp_path)
    made.put(accepted(1, time.time() - 60), rejected(2, time.time() - 50))
    return made


def live(site: Site, *arguments: str, columns: int = 140, rows: int = 30) -> Terminal:
    return Terminal(["--config", str(site.file), "live", *arguments], columns=columns, rows=rows)


def rows_of(text: str) -> list[str]:
    """The lines of decisions, without their time."""
    return [line[9:] for line in text.splitlines() if re.match(r"\d\d:\d\d:\d\d ", line)]


def now(number: int, **changes: object) -> Decision:
    return accepted(number, time.time(), **changes)


def test_decisions_appear_repeat_in_place_and_ctrl_c_ends(site: Site) -> None:
    with live(site) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        first, second = rows_of(terminal.text)
        assert re.fullmatch(
            r"accept +00000001 +host/laptop +00-50-56-A1-B2-C3 +Compliant +Employee +sw-12 +"
            r"M1302 rule Compliant",
            first,
        )
        assert re.fullmatch(
            r"reject +00000002 +anna@contoso\.example +DA-11-19-00-00-01 +Reject +wlc-1 +"
            r"M1305 no rule matched, profile Reject",
            second,
        )
        site.put(now(3, user="host/new", mac="005056A1B2C4"))
        terminal.wait_for(lambda text: "host/new" in text)
        site.put(now(4))  # the first one again
        terminal.wait_for(lambda text: any("00000004" in row for row in rows_of(text)))
        shown = rows_of(terminal.text)
        assert [row.split()[1] for row in shown] == ["00000004", "00000002", "00000003"]
        assert re.match(r"accept +00000004 2 +host/laptop", shown[0])
        terminal.press("\x03")
        assert terminal.wait() == 0
        assert terminal.is_restored
        assert "Traceback" not in terminal.raw
        assert "\x1b[?25l" in terminal.raw  # it was hidden in between
        assert rows_of(terminal.text) == shown
        assert WAITING not in terminal.text


def test_what_leaves_the_screen_stays_above_and_a_repetition_of_it_is_a_new_line(site: Site) -> None:
    with live(site, columns=100, rows=12) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        for number in range(10, 40):
            site.put(now(number, nas_port=f"Gi1/0/{number}"))
        # Header, all decisions, the last line.
        terminal.wait_for(lambda text: len(text.splitlines()) == 1 + 32 + 1 and "mdmd" in text.splitlines()[-1])
        assert len(rows_of(terminal.text)) == 32
        site.put(now(50))  # as the first one, which has left
        terminal.wait_for(lambda text: re.match(r"accept +2 +host/laptop", rows_of(text)[-1]) is not None)
        terminal.press("\x03")
        assert terminal.wait() == 0
        shown = rows_of(terminal.text)
        assert len(shown) == 33
        assert re.match(r"accept +host/laptop", shown[0])


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (40, "Time     Status   Identity"),
        (64, "Time     Status   #   Identity     Reason"),
        (80, "Time     Status   #   Identity     Endpoint ID       Reason"),
    ],
)
def test_a_narrow_terminal_keeps_what_matters(site: Site, columns: int, header: str) -> None:
    """Time, status, identity and reason are never left out. The emulator fails at a line that is too wide."""
    with live(site, "--advice", columns=columns) as terminal:
        terminal.wait_for(lambda text: "mdmd does not" in text)
        lines = terminal.text.splitlines()
        assert lines[0].split() == header.split()
        seen = " ".join(terminal.text.split())
        assert "accept" in seen
        assert "reject" in seen
        assert "host/la" in seen
        assert "M1302 rule Compliant" in seen
        assert "M1305" in seen
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_a_wide_terminal_has_every_column(site: Site) -> None:
    with live(site, columns=300) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        assert terminal.text.splitlines()[0].split() == ALL_COLUMNS.split()
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_nothing_that_a_device_sends_acts_on_the_terminal(site: Site) -> None:
    """The emulator fails at a control character, or a sequence that is not rich's own."""
    site.put(now(9, user=HOSTILE, nas_port=HOSTILE, mac="", calling_station=HOSTILE, reason=f"reason {HOSTILE}"))
    with live(site, columns=400) as terminal:
        text = terminal.wait_for(lambda text: "eve" in text and WAITING in text)
        assert r"reason eve\x1b[2J\x1b]0;owned\x07\x1b[31m\x0d\x0a\x202etxt" in text
        assert "\x1b[2J" not in terminal.raw
        assert "\x1b]0" not in terminal.raw
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_the_store_goes_and_comes_again(site: Site) -> None:
    with live(site) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        for file in site.store.parent.iterdir():
            file.unlink()
        terminal.wait_for(lambda text: "can't be read" in text)
        site.put(now(7, user="host/after"))
        terminal.wait_for(lambda text: "host/after" in text and "can't be read" not in text)
        assert [row.split()[1] for row in rows_of(terminal.text)] == ["00000001", "00000002", "00000007"]
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_another_day_has_its_date_above(tmp_path: Path) -> None:
    """What repeats after midnight goes on below the new date."""
    made, midnight = make_site(tmp_path), time.time() // 86_400 * 86_400  # the terminal's zone is UTC
    made.put(accepted(1, midnight - 2), rejected(2, midnight - 1), accepted(3, midnight))
    yesterday, today = (time.strftime("%Y-%m-%d", time.gmtime(at)) for at in (midnight - 1, midnight))
    with live(made, columns=200) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        shown = [" ".join(line.split()[:4]) for line in terminal.text.splitlines()[1:-1]]
        assert shown == [
            yesterday,
            "23:59:59 reject 00000002 anna@contoso.example",
            today,
            "00:00:00 accept 00000003 2",
        ]
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_filters(site: Site) -> None:
    with live(site, "--outcome", "reject") as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        site.put(now(3), rejected(4, time.time(), user="bob", reason="another"))
        terminal.wait_for(lambda text: "bob" in text)
        assert [row.split()[:2] for row in rows_of(terminal.text)] == [["reject", "00000002"], ["reject", "00000004"]]
        terminal.press("\x03")
        assert terminal.wait() == 0


def test_once_ends_by_itself(site: Site) -> None:
    with live(site, "--once") as terminal:
        assert terminal.wait() == 0
        assert terminal.is_restored
        assert "host/laptop" in terminal.text
        assert WAITING not in terminal.text


def test_terminated_from_outside_it_puts_the_terminal_in_order(site: Site) -> None:
    with live(site) as terminal:
        terminal.wait_for(lambda text: WAITING in text)
        terminal.terminate()
        assert terminal.wait() == 0
        assert terminal.is_restored
