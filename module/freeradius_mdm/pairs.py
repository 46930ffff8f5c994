"""One attribute of a reply before it is encoded. Standard library only: radiusd imports this."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from .attribute_type import Type


class Operator(StrEnum):
    """The only operators with a dependable effect (freeradius.md section 2.4)."""

    SET = ":="  # replaces the first of that name
    ADD = "+="  # appends
    CLEAR = "!*"  # removes all of that name


class List(StrEnum):
    """The lists a hook can write."""

    REPLY = "reply"
    CONTROL = "config"


@dataclass(frozen=True, slots=True)
class Pair:
    """One attribute for a list. `value`: text, or an int for numbers; `tag` 0..31 for tunnel attributes.

    `type`: of an operator's free attribute, as `parse_free` made it; None for those of `reply_types.TYPES`.
    """

    name: str
    value: str | int
    operator: Operator = Operator.SET
    tag: int | None = None
    type: Type | None = field(default=None, repr=False, compare=False)

    @property
    def full_name(self) -> str:
        """The name as FreeRADIUS writes it, with its tag."""
        return f"{self.name}:{self.tag}" if self.tag is not None else self.name
