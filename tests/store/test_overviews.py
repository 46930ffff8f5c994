"""Endpoints, servers and sessions at a glance: that no question reads every decision; what they give, see views."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freeradius_mdm.store.overview import Overview
from freeradius_mdm.store.session_overview import GroupBy, SessionOverview
from freeradius_mdm.store.sessions import LIVE, SessionFilter
from freeradius_mdm.store.write import JournalPosition, StoreWriter

from .plans import plans, without_index
from .samples import COMPLIANT, decision, key

AT = 1_700_000_000.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    writer = StoreWriter(tmp_path)
    writer.ingest([decision(1)], [], JournalPosition("a", 1, 1), AT)
    writer.put_answer(key(1), COMPLIANT, AT)
    writer.close()
    return tmp_path / "store.sqlite"


@pytest.mark.parametrize(
    "ask",
    [
        lambda overview: overview.endpoints(),
        lambda overview: overview.endpoints("intune", key(1).value),
        lambda overview: overview.identities_of("0011223344AA"),
        lambda overview: overview.users_of([1, 2]),
        lambda overview: overview.servers(),
        lambda overview: overview.due("intune", AT),
    ],
)
def test_of_endpoints(file: Path, ask: Callable[[Overview], object], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plans(file, lambda: ask(Overview(file)), monkeypatch)
    assert without_index(steps, "decisions") == []
    assert without_index(steps, "sessions") == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda overview: overview.sessions(SessionFilter(state=LIVE), 10),
        lambda overview: overview.sessions(SessionFilter(mac="0011223344AA"), 10),
        lambda overview: overview.counts(SessionFilter(state=LIVE), GroupBy.NAS),
        lambda overview: overview.last_orders(["a", "b"]),
        lambda overview: overview.addresses(["0011223344AA"]),
    ],
)
def test_of_sessions(file: Path, ask: Callable[[SessionOverview], object], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = plans(file, lambda: ask(SessionOverview(file)), monkeypatch)
    assert without_index(steps, "sessions") == []
    assert without_index(steps, "coa_orders") == []


def test_more_values_than_one_statement_takes(file: Path) -> None:
    assert Overview(file).users_of(range(1, 2001)) == {1: "host/1"}
    assert SessionOverview(file).addresses(f"{n:012X}" for n in range(2000)) == {}
    assert SessionOverview(file).last_orders(f"{n:024x}" for n in range(2000)) == {}
