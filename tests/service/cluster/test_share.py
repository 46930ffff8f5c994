"""A node's part of a server's rate. Expected: 0.9 by endpoints, and 0.1 evenly among the nodes that have some."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.service.cluster.share import Load, Shares, from_text, part, to_text


def _x(*counts: int) -> list[Load]:
    return [Load(0, {"x": count}) for count in counts]


def _parts(counts: list[int]) -> list[float]:
    return [part(mine, [*counts[:at], *counts[at + 1 :]]) for at, mine in enumerate(counts)]


@pytest.mark.parametrize(
    ("mine", "others", "expected"),
    [
        (7, (), 1.0),
        (0, (), 1.0),
        (100, (100,), 0.5),
        (150, (50,), 0.725),
        (0, (0,), 0.5),
        (0, (0, 0, 0), 0.25),
        (1, (0,), 1.0),  # the only one that has any, so that nothing is left over
        (20_000, (0, 0), 1.0),
        (0, (20_000,), 0.0),
        (1, (20_000,), 0.05004499775),  # 0.1/2 + 0.9/20001
        (10, (10, 10), 0.33333333333),
        (10, (10, 0), 0.5),
        (1, (20_000,) * 40, 0.00244014939),  # 0.1/41 + 0.9/800001
    ],
)
def test_by_endpoints(mine: int, others: tuple[int, ...], expected: float) -> None:
    assert part(mine, others) == pytest.approx(expected, abs=1e-11)


def test_each_server_by_itself() -> None:
    """20,000 of x are at one node and 1,000 of y at the other: neither takes from the other's rate."""
    first, second = Load(20_000, {"x": 20_000, "y": 0}), Load(1000, {"y": 1000})
    at_first, at_second = Shares(), Shares()
    for _ in range(2):
        at_first.learn(first, [second])
        at_second.learn(second, [first])
    assert [at_first.of(name) for name in "xyz"] == [1.0, 0.0, 0.5]
    assert [at_second.of(name) for name in "xyz"] == [0.0, 1.0, 0.5]


def test_it_shrinks_at_once_and_grows_a_heartbeat_late() -> None:
    shares, seen = Shares(), []
    for mine, others in ((10, ()), (10, ()), (10, (30,)), (10, (10,)), (10, (10,)), (10, ()), (10, ())):
        (own,) = _x(mine)
        shares.learn(own, _x(*others))
        seen.append(shares.of("x"))
    assert seen == pytest.approx([0, 1, 0.275, 0.275, 0.5, 0.5, 1])
    assert Shares().of("x") == 0  # before the first one


def test_who_gets_the_first_endpoint_waits_for_nobody() -> None:
    """Of two nodes without any, and the other one has none left by the time this one has it all."""
    first, second, none, some = Shares(), Shares(), *_x(0, 1)
    for _ in range(2):
        first.learn(none, [none])
        second.learn(none, [none])
    assert first.of("x") == 0.5
    first.learn(some, [none])
    assert (first.of("x"), second.of("x")) == (0.5, 0.5)
    second.learn(none, [some])
    first.learn(some, [none])
    assert (first.of("x"), second.of("x")) == (1.0, 0.0)
    # And the second node's first one, while the other has all of the rate, two heartbeats after it came.
    second.learn(some, [some])
    first.learn(some, [some])
    second.learn(some, [some])
    assert (first.of("x"), second.of("x")) == (0.5, 0.5)


@pytest.mark.parametrize("nodes", range(1, 301))
def test_the_parts_of_many_nodes_add_up_to_the_whole(nodes: int) -> None:
    for counts in ([0] * nodes, [1] * nodes, [1000] * nodes, [1] * (nodes - 1) + [50_000], list(range(nodes))):
        parts = _parts(counts)
        assert 1 - 1e-9 < sum(parts) <= 1.0
        assert all(each > 0 for each, count in zip(parts, counts, strict=True) if count)


@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=60))
def test_whatever_they_have(counts: list[int]) -> None:
    parts = _parts(counts)
    assert 1 - 1e-9 < sum(parts) <= 1.0
    assert all((each > 0) == (count > 0) for each, count in zip(parts, counts, strict=True)) or not any(counts)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=40), st.booleans())
def test_nor_more_while_endpoints_move_to_another_node(moves: list[int], to_first: bool) -> None:
    """Of 100 endpoints the first node has ever more, or ever fewer; the heartbeats of the two take turns."""
    first, second = Shares(), Shares()
    for turn, has in enumerate(sorted(moves, reverse=not to_first)):
        one, two = _x(has, 100 - has)
        if turn % 2:
            first.learn(one, [two])
        else:
            second.learn(two, [one])
        assert first.of("x") + second.of("x") <= 1.0


def test_a_node_that_does_not_tell_counts_by_its_sessions() -> None:
    shares = Shares()
    for _ in range(2):
        shares.learn(Load(0, {"x": 150}), [Load(50, None)])
    assert shares.of("x") == pytest.approx(0.725)
    assert shares.of("y") == 0


def test_as_text() -> None:
    assert to_text({"intune": 3, "ten ant": 0}) == '{"intune":3,"ten ant":0}'
    assert from_text('{"intune":3,"ten ant":0}') == {"intune": 3, "ten ant": 0}
    assert from_text("{}") == {}


@pytest.mark.parametrize("text", ["", "{", "3", "[1]", '{"x":-1}', '{"x":1.5}', '{"x":true}', '{"x":null}'])
def test_what_can_t_be_read_counts_as_nothing_told(text: str) -> None:
    assert from_text(text) is None
