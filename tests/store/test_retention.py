"""What the store forgets: old decisions, and the requests of those that are not in force any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store import retention
from freeradius_mdm.store.query import StoreQueries
from freeradius_mdm.store.write import JournalPosition, StoreWriter
from tests.store.samples import decision

REQUEST = (("User-Name", "host/laptop"), ("Calling-Station-Id", "00-50-56-A1-B2-C3"))
AT = 1_700_000_000.0
DAY = 86400.0


def identifier(number: int) -> str:
    return f"{number:024x}"


def filled(directory: Path, count: int) -> StoreWriter:
    """Decisions of `count` days, one a day, the oldest first; each with its request."""
    writer = StoreWriter(directory)
    made = [replace(decision(), id=identifier(n), at=AT + n * DAY, request=REQUEST) for n in range(count)]
    writer.ingest(made, [], JournalPosition("20231114T22.jsonl", 1, 1), AT)
    return writer


def requests(directory: Path) -> dict[str, bool]:
    """Which decisions still have their request."""
    stored = StoreQueries(directory / "store.sqlite").decisions(limit=1000)
    return {each.decision.id: each.decision.request == REQUEST for each in stored}


def test_the_requests_of_a_time_are_dropped_and_all_else_is_kept(tmp_path: Path) -> None:
    writer = filled(tmp_path, 6)
    assert writer.strip_requests(AT + 1 * DAY, AT + 4 * DAY) == 3
    assert requests(tmp_path) == {identifier(n): n in (0, 4, 5) for n in range(6)}
    stored = StoreQueries(tmp_path / "store.sqlite").decision(identifier(2))
    assert stored is not None
    assert stored == replace(decision(), id=identifier(2), at=AT + 2 * DAY, request=())
    assert writer.strip_requests(AT + 1 * DAY, AT + 4 * DAY) == 0
    writer.close()


def test_a_decision_in_force_keeps_its_request(tmp_path: Path) -> None:
    writer = filled(tmp_path, 3)
    live = Session(identifier(0), SessionState.STARTED, "192.0.2.10", identifier(1), AT, AT + DAY, AT + DAY)
    writer.put_sessions([live, replace(live, id=identifier(2), decision_id=identifier(2), state=SessionState.ENDED)])
    assert writer.strip_requests(AT, AT + 10 * DAY) == 2
    assert requests(tmp_path) == {identifier(0): False, identifier(1): True, identifier(2): False}
    writer.close()


def test_what_is_done_already_is_not_gone_over_again(tmp_path: Path) -> None:
    """A week of decisions is looked at whenever mdmd starts, and an answer waits behind each transaction."""
    writer = StoreWriter(tmp_path)
    made = [replace(decision(), id=identifier(n), at=AT + n, request=REQUEST) for n in range(6000)]
    writer.ingest(made, [], JournalPosition("20231114T22.jsonl", 1, 1), AT)
    steps: list[int] = []

    @contextmanager
    def transaction() -> Iterator[sqlite3.Connection]:
        steps.append(0)
        with closing(sqlite3.connect(tmp_path / "store.sqlite", isolation_level=None)) as connection:
            connection.set_progress_handler(lambda: steps.append(steps.pop() + 1), 1000)  # SQLite's own steps
            yield connection

    assert retention.strip_requests(transaction, AT, AT + DAY) == 6000
    assert len(steps) >= 3
    assert max(steps) < 1.5 * steps[0]
    steps.clear()
    assert retention.strip_requests(transaction, AT, AT + DAY) == 0
    assert len(steps) >= 3
    writer.close()


def test_many_of_one_moment(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    made = [replace(decision(), id=identifier(n), at=AT + n // 5000, request=REQUEST) for n in range(5001)]
    writer.ingest(made, [], JournalPosition("20231114T22.jsonl", 1, 1), AT)
    assert writer.strip_requests(AT, AT + 1) == 5000
    assert writer.strip_requests(AT, AT + 2) == 1
    writer.close()


def test_old_decisions_are_deleted(tmp_path: Path) -> None:
    writer = filled(tmp_path, 4)
    assert writer.purge(AT + 2 * DAY) == 2
    assert set(requests(tmp_path)) == {identifier(2), identifier(3)}
    writer.close()
