"""A node's part of what all nodes together may do, such as `recheck_rate`: by the sessions each answers for."""

from __future__ import annotations

import math
from collections.abc import Collection

_EVENLY = 0.1  # shared out evenly, so that a node whose first sessions arrive need not wait for its next heartbeat
_STEPS = 200  # in steps of half a percent, downwards: a session more or less changes nothing


class Share:
    """`now`: 0 to 1. All nodes see the same numbers, each a little later or earlier than the others.

    So it shrinks at once and grows one heartbeat late, from nothing too: while sessions move and nodes come, the parts
    don't add up to more than one.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._before = 0.0

    def learn(self, mine: int, others: Collection[int]) -> None:
        """A heartbeat has shown the sessions of this node and those of each other one that is alive."""
        nodes, sessions = 1 + len(others), mine + sum(others)
        by_sessions = mine / sessions if sessions else 1 / nodes
        # The rounding keeps an exact 0.55 from becoming 0.545.
        steps = round(_STEPS * (_EVENLY / nodes + (1 - _EVENLY) * by_sessions), 6)
        latest = max(1, math.floor(steps)) / _STEPS
        self.now = min(latest, self._before)
        self._before = latest
