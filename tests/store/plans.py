"""How SQLite goes about a question: `EXPLAIN QUERY PLAN` of every statement that a call runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


class _Noting(sqlite3.Connection):
    """Remembers what it was asked."""

    asked: list[tuple[str, Sequence[Any]]]

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> sqlite3.Cursor:
        self.asked.append((statement, values))
        return super().execute(statement, values)


def plans(file: Path, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the plans of all SELECTs that `call` runs."""
    connect, asked = sqlite3.connect, []

    class Noting(_Noting):
        pass

    Noting.asked = asked
    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda *args, **more: connect(*args, **more, factory=Noting))
        call()
    steps: list[str] = []
    with closing(connect(file)) as connection:
        for statement, values in asked:
            if statement.lstrip().upper().startswith("SELECT"):
                steps += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    return steps


def without_index(steps: Sequence[str], table: str) -> list[str]:
    """The steps that read every row of a table, or sort by an index of no use."""
    return [step for step in steps if step.startswith(f"SCAN {table}") and "INDEX" not in step]
