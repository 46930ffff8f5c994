"""Who may ask next: authentications that wait go before rechecks, and rechecks never take up every slot."""

from __future__ import annotations

import asyncio
from collections import deque


class Place:
    """One question's place in the line. Await `turn`, and give the place to `Slots.leave` in the end, always."""

    __slots__ = ("background", "holding", "lent", "turn")

    def __init__(self, background: bool) -> None:
        self.background = background
        self.holding = False
        self.lent = False  # holds a slot as background work
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Slots:
    """`total` at once, at most half of them (and at least one) for background work. Belongs to the event loop."""

    def __init__(self, total: int) -> None:
        self._free = total
        self.for_background = max(1, total // 2)
        self._lent = 0
        self._urgent: deque[Place] = deque()
        self._background: deque[Place] = deque()

    def enter(self, *, background: bool) -> Place:
        """Stand in line."""
        place = Place(background)
        (self._background if background else self._urgent).append(place)
        self._serve()
        return place

    def promote(self, place: Place) -> None:
        """An authentication waits for this background question now: it stands with those from here on."""
        if place.background and not place.holding:
            self._background.remove(place)
            self._urgent.append(place)
        place.background = False
        self._serve()

    def leave(self, place: Place) -> None:
        """It is done, or does not want its turn any more."""
        if place.holding:
            self._free += 1
            self._lent -= place.lent
            place.holding = place.lent = False
        else:
            line = self._background if place.background else self._urgent
            if place in line:
                line.remove(place)
        self._serve()

    def _serve(self) -> None:
        while self._free and self._urgent:
            self._give(self._urgent.popleft())
        while self._free and self._background and self._lent < self.for_background:
            place = self._background.popleft()
            place.lent = True
            self._lent += 1
            self._give(place)

    def _give(self, place: Place) -> None:
        self._free -= 1
        place.holding = True
        if not place.turn.done():
            place.turn.set_result(None)
