"""Orders as they are stored, found, and deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.store.coa_orders import CoaOrder, OrderFilter, OrderQueries, OrderState
from freeradius_mdm.store.write import StoreWriter

FULL = CoaOrder(
    id="a" * 24,
    session_id="s1",
    client="192.0.2.10",
    family="cisco-ios-xe",
    state=OrderState.TIMEOUT,
    created_at=1.5,
    changed_at=3.5,
    due_at=13.5,
    decision_id="d1",
    old_rule="Compliant",
    old_profile="Employee",
    rule="Quarantined",
    profile="Quarantine",
    accept=True,
    basis="Registered/NonCompliant/True",
    reason="because",
    worse=True,
    action="reauthenticate",
    tried=("push", "bounce"),
    narrower=True,
    attempts=2,
    attributes="Cisco-AVPair = x\nClass = 0x6d",
    packet=b"\x2b\x07\x00\xff",
    device="192.0.2.11",
    port=1700,
    source="192.0.2.1",
    source_port=40000,
    prepared_at=2.5,
    code="M1620",
    cause=None,
    detail="no answer",
)
PLAIN = replace(
    FULL,
    id="b" * 24,
    session_id="s2",
    client="192.0.2.20",
    state=OrderState.NAK,
    changed_at=9.0,
    due_at=None,
    accept=False,
    worse=False,
    narrower=False,
    tried=(),
    packet=None,
    prepared_at=None,
    cause=407,
    settled=True,
)


def test_every_field_comes_back(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_orders([FULL, PLAIN])
    queries = OrderQueries(tmp_path / "store.sqlite")
    assert queries.orders() == [PLAIN, FULL]  # the one that changed last first
    assert writer.unsettled_orders() == [FULL]
    done = replace(FULL, state=OrderState.ACKED, settled=True, changed_at=20.0, due_at=None)
    writer.put_orders([done])
    assert queries.of_session("s1") == [done]
    assert writer.unsettled_orders() == []
    writer.close()


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (OrderFilter(session_id="s1"), [FULL]),
        (OrderFilter(client="192.0.2.20"), [PLAIN]),
        (OrderFilter(state="nak"), [PLAIN]),
        (OrderFilter(open=True), [FULL]),
        (OrderFilter(open=False), [PLAIN]),
        (OrderFilter(profile="Quarantine", open=True), [FULL]),
        (OrderFilter(profile="Employee"), []),
    ],
)
def test_filters(chosen: OrderFilter, found: list[CoaOrder], tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_orders([FULL, PLAIN])
    writer.close()
    assert OrderQueries(tmp_path / "store.sqlite").orders(chosen) == found


def test_what_is_open_is_never_deleted(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path)
    writer.put_orders([FULL, PLAIN])
    assert (writer.purge_orders(9.0), writer.purge_orders(100.0)) == (0, 1)
    assert OrderQueries(tmp_path / "store.sqlite").orders() == [FULL]
    writer.close()


def test_a_missing_store_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        OrderQueries(tmp_path / "store.sqlite").orders()


def test_in_doubt_is_what_may_have_been_done() -> None:
    assert FULL.in_doubt
    assert replace(FULL, state=OrderState.SENT).in_doubt
    assert not replace(FULL, state=OrderState.NAK).in_doubt
    assert not replace(FULL, packet=None).in_doubt
