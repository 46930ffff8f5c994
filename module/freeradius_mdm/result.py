"""What a hook gives back, before it is encoded. Standard library only: radiusd imports this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .reply import List, Pair


@dataclass(frozen=True, slots=True)
class Result:
    """Accept or reject, and what is written into which list.

    `handled`: the reply is complete, its kind stands in control `Response-Packet-Type`; the section ends there.
    """

    accept: bool
    lists: Mapping[List, Sequence[Pair]] = field(default_factory=dict)
    handled: bool = False
