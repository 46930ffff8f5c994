"""What is told of an endpoint's sessions after something was done, with parts that answer by hand.

With a real mdmd and a switch: tests/operations/test_control.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from freeradius_mdm.compliance import EndpointKey
from freeradius_mdm.service import coa_orders
from freeradius_mdm.service.what_follows import WhatFollows
from freeradius_mdm.sessions.book import Change
from freeradius_mdm.sessions.directory import SessionDirectory
from freeradius_mdm.sessions.model import Session, SessionState
from freeradius_mdm.store.coa_orders import CoaOrder, OrderState
from tests.operations.views.samples import LAPTOP, session

AT = 1_800_000_000.0
LIVE = session(1)
GONE = replace(LIVE, state=SessionState.ENDED, end_cause="gone", ended_at=AT)


@dataclass
class Parts:
    """All three parts. `order` gives one state of the store for each look at it, the last one again and again."""

    order: Iterator[CoaOrder | None]
    known_as: Session | None = LIVE
    directory: SessionDirectory = field(default_factory=lambda: SessionDirectory([LIVE]))
    looked: int = 0
    last: CoaOrder | None = None

    def pending(self, key: EndpointKey) -> bool:
        return False

    def known(self, identifier: str) -> Session | None:
        return self.known_as

    def of_session(self, session_id: str) -> list[CoaOrder]:
        self.looked += 1
        self.last = next(self.order, self.last)
        return [] if self.last is None else [self.last]


def order(state: OrderState, *, at: float = AT, due_at: float | None = None, settled: bool = False) -> CoaOrder:
    made = coa_orders.by_hand(LIVE, "", "root", "a" * 24, at)
    return replace(made, state=state, changed_at=at, due_at=due_at, settled=settled)


def told(parts: Parts, *, ends: bool = False) -> dict[str, object]:
    """What is told of the one session; with `ends` it goes while something is done."""

    async def ask() -> list[dict[str, object]]:
        following = WhatFollows(parts, parts, parts, lambda: AT)  # type: ignore[arg-type]
        before = following.before(LAPTOP)
        if ends:
            parts.directory.publish([Change(LIVE, parts.known_as)])
        return await following.after(before)

    (found,) = asyncio.run(ask())
    return found


def state_of(found: dict[str, object]) -> object:
    return found["order"] and found["order"]["state"]  # type: ignore[index]


def test_the_end_of_the_order_is_waited_for_when_the_session_has_ended() -> None:
    """It is the session that is stored first."""
    parts = Parts(iter([order(OrderState.SENT), order(OrderState.SENT), order(OrderState.GONE, settled=True)]), GONE)
    found = told(parts, ends=True)
    assert (found["id"], found["state"], found["end_cause"]) == (LIVE.id, "ended", "gone")
    assert (state_of(found), parts.looked) == ("gone", 3)


def test_an_answer_on_its_way_is_waited_for() -> None:
    found = told(Parts(iter([order(OrderState.PLANNED), order(OrderState.SENT), order(OrderState.ACKED)])))
    assert (found["state"], state_of(found)) == ("started", "acked")


def test_what_takes_longer_is_not_waited_for() -> None:
    for later in (order(OrderState.GRACE, due_at=AT + 300), order(OrderState.PLANNED, due_at=AT + 30)):
        parts = Parts(iter([later]))
        assert state_of(told(parts)) == later.state
        assert parts.looked == 1


def test_an_order_of_before_counts_while_it_is_open_or_if_it_ended_meanwhile() -> None:
    earlier = AT - 60
    assert state_of(told(Parts(iter([order(OrderState.ACKED, at=earlier)])))) == "acked"
    done = order(OrderState.ACKED, at=earlier, settled=True)
    assert told(Parts(iter([done])))["order"] is None
    assert state_of(told(Parts(iter([replace(done, changed_at=AT)])))) == "acked"


def test_a_session_that_another_node_answers_for_now() -> None:
    found = told(Parts(iter([]), None), ends=True)
    assert (found["id"], found["state"], found["order"]) == (LIVE.id, "elsewhere", None)
