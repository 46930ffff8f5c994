"""Finding decisions and sessions by what an operator has of them, beside a writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.lookup import StoreLookup
from freeradius_mdm.store.write import StoreWriter
from tests.store.samples import decision


@pytest.fixture
def lookup(tmp_path: Path) -> StoreLookup:
    writer = StoreWriter(tmp_path)
    writer.put_decisions([decision(number) for number in (1, 2, 0xABC)])
    writer.put_sessions(
        [
            Session("a" * 24, SessionState.STARTED, "192.0.2.10", "b" * 24, 1.0, 1.0, 1.0, acct_session_id="now",
                    former_acct_session_ids=("first", "second"), audit_session_id="audit"),
            Session("c" * 24, SessionState.ENDED, "192.0.2.10", "a" * 24, 1.0, 1.0, 2.0, acct_session_id="now"),
        ]
    )  # fmt: skip
    writer.close()
    return StoreLookup(tmp_path / "store.sqlite")


def test_decisions_by_the_beginning_of_their_id(lookup: StoreLookup) -> None:
    ids = {number: decision(number).id for number in (1, 2, 0xABC)}
    assert [made.id for made in lookup.decisions_beginning(ids[1])] == [ids[1]]
    assert [made.id for made in lookup.decisions_beginning(ids[1][:23])] == [ids[2], ids[1]]
    assert lookup.decisions_beginning("f" * 6) == []
    for wrong in ("", "xyz", "%", ids[1] + "0", ids[1].upper()[:-1] + "G"):
        assert lookup.decisions_beginning(wrong) == []


@pytest.mark.parametrize(
    ("called", "ids"),
    [
        ("a" * 24, ["a"]),
        ("now", ["c", "a"]),
        ("first", ["a"]),
        ("second", ["a"]),
        ("audit", ["a"]),
        ("firs", []),
        ("first\nsecond", ["a"]),
        ("nobody", []),
        ("", []),  # what a session lacks is no name of it
    ],
)
def test_sessions_by_their_names(called: str, ids: list[str], lookup: StoreLookup) -> None:
    assert [session.id[0] for session in lookup.sessions_called(called)] == ids


def test_sessions_of_a_decision(lookup: StoreLookup) -> None:
    assert {session.id[0] for session in lookup.sessions_of("a" * 24)} == {"a", "c"}
    assert {session.id[0] for session in lookup.sessions_of("b" * 24)} == {"a"}


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        StoreLookup(tmp_path / "none").decisions_beginning("abcdef")


def test_no_other_column(lookup: StoreLookup) -> None:
    with pytest.raises(ValueError, match="body"):
        lookup.latest_decision("body", "x")
