"""Following the decisions: what is there, what comes in, and what becomes of it when the store is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from freeradius_mdm.errors import StoreError
from freeradius_mdm.operations.views.following import Arrival, Follower
from freeradius_mdm.store.query import DecisionFilter

from .samples import NOW, Site, accepted, make_site, rejected, session


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path)


def numbers(arrivals: tuple[Arrival, ...]) -> list[int]:
    return [int(each.entry.id[:8], 16) for each in arrivals]


def test_the_newest_then_what_comes_in(site: Site) -> None:
    site.put(*(accepted(n, NOW + n) for n in range(1, 6)))
    follower = Follower(site.store, DecisionFilter())
    assert numbers(follower.newest(3)) == [3, 4, 5]
    assert numbers(follower.news().arrivals) == []
    site.put(accepted(6, NOW + 6))
    assert numbers(follower.news().arrivals) == [6]
    assert numbers(follower.news().arrivals) == []


def test_filters_hold_for_both(site: Site) -> None:
    site.put(accepted(1), rejected(2), accepted(3))
    follower = Follower(site.store, DecisionFilter(outcome="reject"))
    assert numbers(follower.newest(20)) == [2]
    site.put(accepted(4), rejected(5), accepted(6))
    assert numbers(follower.news().arrivals) == [5]


def test_since_a_moment_in_the_order_in_which_they_came_in(site: Site) -> None:
    site.put(accepted(1, NOW - 100), accepted(2, NOW), accepted(3, NOW - 10), accepted(4, NOW + 1))
    follower = Follower(site.store, DecisionFilter(since=NOW - 10))
    assert [numbers(part) for part in follower.since(NOW - 10)] == [[2, 3, 4]]
    follower = Follower(site.store, DecisionFilter())
    assert [numbers(part) for part in follower.since(0.0)] == [[1, 2, 3, 4]]
    assert follower.news().arrivals == ()


def test_many_come_in_parts(site: Site) -> None:
    site.put()
    follower = Follower(site.store, DecisionFilter())
    assert follower.newest(20) == ()
    site.put(*(accepted(n) for n in range(1500)))
    first, second, third = follower.news(), follower.news(), follower.news()
    assert (len(first.arrivals), first.more) == (1000, True)
    assert (len(second.arrivals), second.more, third.arrivals) == (500, False, ())


def test_another_store_in_its_place_goes_on_where_the_log_was(site: Site) -> None:
    site.put(accepted(1, NOW), accepted(2, NOW + 1))
    follower = Follower(site.store, DecisionFilter())
    assert numbers(follower.newest(20)) == [1, 2]
    for file in site.store.parent.iterdir():
        file.unlink()
    gone = follower.news()
    assert gone.arrivals == ()
    assert "can't be read: unable to open database file" in gone.trouble
    # A backup that knows the first two, and what was decided since.
    site.put(accepted(1, NOW), accepted(2, NOW + 1), accepted(3, NOW + 2))
    back = follower.news()
    assert (numbers(back.arrivals), back.trouble) == ([3], "")
    site.put(accepted(4, NOW + 3))
    assert numbers(follower.news().arrivals) == [4]


def test_an_older_backup_with_other_decisions_under_the_same_numbers(site: Site) -> None:
    site.put(accepted(1, NOW), accepted(2, NOW + 1), accepted(3, NOW + 2))
    follower = Follower(site.store, DecisionFilter())
    follower.newest(20)
    for file in site.store.parent.iterdir():
        file.unlink()
    site.put(accepted(1, NOW), *(accepted(n, NOW + n) for n in (4, 5, 6)))
    assert numbers(follower.news().arrivals) == [4, 5, 6]  # one of them has the number of the last one shown


def test_what_a_backup_brings_again_is_not_shown_again(site: Site) -> None:
    site.put(accepted(1, NOW), accepted(2, NOW + 1), accepted(3, NOW + 2))
    follower = Follower(site.store, DecisionFilter())
    follower.newest(20)
    for file in site.store.parent.iterdir():
        file.unlink()
    site.put(accepted(3, NOW + 2), accepted(4, NOW + 2))
    assert numbers(follower.news().arrivals) == [4]


def test_a_new_and_empty_store(site: Site) -> None:
    site.put(*(accepted(n, NOW + n) for n in range(5)))
    follower = Follower(site.store, DecisionFilter())
    follower.newest(20)
    for file in site.store.parent.iterdir():
        file.unlink()
    site.put()
    assert follower.news().arrivals == ()
    site.put(accepted(9, NOW + 10))
    assert numbers(follower.news().arrivals) == [9]


def test_numbers_that_begin_again_after_everything_was_deleted(site: Site) -> None:
    site.put(*(accepted(n, NOW + n) for n in range(5)))
    follower = Follower(site.store, DecisionFilter())
    follower.newest(20)
    with site.writer() as writer:
        writer.purge(NOW + 100)
    assert follower.news().arrivals == ()
    site.put(accepted(9, NOW + 200))
    assert numbers(follower.news().arrivals) == [9]


def test_one_that_was_left_out_is_not_shown_later_either(site: Site) -> None:
    """The time of what the filter has left out counts too when the store is another."""
    site.put(accepted(1, NOW))
    follower = Follower(site.store, DecisionFilter(outcome="reject"))
    assert follower.newest(20) == ()
    for file in site.store.parent.iterdir():
        file.unlink()
    site.put(rejected(2, NOW - 60), rejected(3, NOW + 1))
    assert numbers(follower.news().arrivals) == [3]


def test_no_store_at_the_start(site: Site) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        Follower(site.store, DecisionFilter()).newest(20)


def test_the_address_of_the_live_session(site: Site) -> None:
    site.put(accepted(1), sessions=(session(1),))
    assert Follower(site.store, DecisionFilter()).newest(1)[0].entry.ip == "10.20.0.7"
