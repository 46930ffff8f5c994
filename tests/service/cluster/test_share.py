"""A node's part of the rate. Expected: 0.9 by sessions and 0.1 evenly, downwards to half a percent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.service.cluster.share import Share


def settled(mine: int, *others: int) -> float:
    share = Share()
    share.learn(mine, others)
    share.learn(mine, others)
    return share.now


@pytest.mark.parametrize(
    ("mine", "others", "expected"),
    [
        (7, (), 1.0),
        (0, (), 1.0),
        (100, (100,), 0.5),
        (150, (50,), 0.725),
        (0, (0,), 0.5),
        (0, (20_000,), 0.05),
        (20_000, (0,), 0.95),
        (10, (10, 10), 0.33),  # a third is 0.333
        (1, (20_000,) * 40, 0.005),  # never nothing: 0.1/41 would be 0.002
    ],
)
def test_by_sessions(mine: int, others: tuple[int, ...], expected: float) -> None:
    assert settled(mine, *others) == expected


def test_it_shrinks_at_once_and_grows_a_heartbeat_late() -> None:
    share, seen = Share(), []
    for mine, others in ((10, ()), (10, ()), (10, (30,)), (10, (10,)), (10, (10,)), (10, ()), (10, ())):
        share.learn(mine, others)
        seen.append(share.now)
    assert seen == [0, 1, 0.275, 0.275, 0.5, 0.5, 1]


@given(st.lists(st.integers(0, 50_000), min_size=1, max_size=10))
def test_the_parts_are_not_more_than_the_whole(sessions: list[int]) -> None:
    parts = [settled(mine, *sessions[:at], *sessions[at + 1 :]) for at, mine in enumerate(sessions)]
    assert 0.95 <= sum(parts) <= 1 + 1e-9
    assert min(parts) > 0


@given(st.lists(st.integers(0, 100), min_size=2, max_size=40), st.booleans())
def test_nor_while_sessions_move_to_another_node(moves: list[int], to_first: bool) -> None:
    """Of 100 sessions the first node has ever more, or ever fewer; the heartbeats of the two take turns."""
    first, second = Share(), Share()
    for count, has in enumerate(sorted(moves, reverse=not to_first)):
        if count % 2:
            first.learn(has, [100 - has])
        else:
            second.learn(100 - has, [has])
        assert first.now + second.now <= 1 + 1e-9
