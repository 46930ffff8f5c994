from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from freeradius_mdm.service.slots import Place, Slots


def test_one_slot_serves_both() -> None:
    async def test() -> None:
        slots = Slots(1)
        recheck = slots.enter(background=True)
        authentication, late = slots.enter(background=False), slots.enter(background=True)
        assert (recheck.holding, authentication.holding) == (True, False)
        slots.leave(recheck)
        assert (authentication.holding, late.holding) == (True, False)
        slots.leave(authentication)
        assert late.holding

    asyncio.run(test())


CALLS = st.lists(
    st.tuples(st.sampled_from(["background", "urgent", "promote", "leave"]), st.integers(0, 20)), max_size=80
)


@settings(deadline=None)
@given(total=st.integers(1, 6), calls=CALLS)
def test_any_order_of_calls(total: int, calls: list[tuple[str, int]]) -> None:
    async def test() -> None:
        slots, places, lent = Slots(total), list[Place](), set[int]()
        for call, number in calls:
            if call in ("background", "urgent"):
                places.append(slots.enter(background=call == "background"))
            elif places and call == "promote":
                slots.promote(places[number % len(places)])
            elif places:
                slots.leave(places.pop(number % len(places)))
            holding = [place for place in places if place.holding]
            urgent = [place for place in places if not place.background and not place.holding]
            waiting = [place for place in places if place.background and not place.holding]
            lent = {id(place) for place in holding if place.lent}
            assert len(holding) <= total
            assert len(lent) <= max(1, total // 2)
            # Nobody waits in vain, and no recheck goes before an authentication.
            assert len(holding) == total or not urgent
            assert len(holding) == total or not waiting or len(lent) == slots.for_background
            assert all(place.turn.done() == place.holding for place in places)
        for place in itertools.chain(places):
            slots.leave(place)
        again = [slots.enter(background=False) for _ in range(total)]
        assert all(place.holding for place in again)

    asyncio.run(test())
