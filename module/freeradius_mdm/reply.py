"""The strict encoder: what it lets through, rlm_python3 takes as it is; everything else raises ReplyError.

rlm_python3 skips, cuts or zeroes what it does not like without a word (freeradius.md sections 2.3 to 2.5), which
ends in a bare Access-Accept. So every name, operator, type, range, length and the size of the whole packet is checked
here first.

Order: the pairs of a list leave in the order in which they are given, and FreeRADIUS sends them in that order. What
matters first has to stand first, VLAN and timer before lists of ACEs: a network device that reads only so much of a
reply has read that. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from . import reply_size
from .attribute_type import Type, written
from .errors import ReplyError, ReplyTooLong
from .pairs import List, Operator, Pair
from .reply_types import TYPES

__all__ = ["TYPES", "List", "Operator", "Pair", "Type", "encode", "names", "octets"]


def encode(
    lists: Mapping[List, Sequence[Pair]],
    types: Mapping[str, Type] = TYPES,
    room: int = reply_size.MOST_ROOM,
) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """The dictionary half of a hook's result: exact str, tuple and dict, as rlm_python3 wants them.

    `types`: the attributes that may be sent, beside an operator's own, which bring their type along. `room`: bytes that
    the reply list may take on the wire, see `reply_size.room_for`. Raises ReplyError for whatever would not arrive as
    it is.
    """
    encoded = {str(name.value): tuple(_encode(pair, types) for pair in pairs) for name, pairs in lists.items() if pairs}
    for name, pairs in lists.items():
        _refuse_overwritten(name, pairs)
        _refuse_empty(pairs)
    size = reply_size.of_pairs(lists.get(List.REPLY, ()), types)
    if size > room:
        raise ReplyTooLong(f"the reply has {size} bytes of attributes, {room} fit into one packet")
    return encoded


def names() -> Iterable[str]:
    """Every attribute name that can be sent, to be compared with FreeRADIUS's dictionary at start."""
    return TYPES.keys()


def octets(value: bytes) -> str:
    """Bytes as the value of an attribute that takes octets."""
    return "0x" + value.hex()


def _encode(pair: Pair, types: Mapping[str, Type]) -> tuple[str, str, str]:
    """Each pair of a decision comes here twice, when it is decided and when it is given back."""
    if types is not TYPES:
        return _checked(pair, types)
    try:
        # True equals 1, and must not pass for it.
        return _known(pair, tuple(map(type, (pair.name, pair.value, pair.tag, pair.operator))))
    except TypeError:  # a value that can't be hashed, which is refused with its reason
        return _checked(pair, types)


@lru_cache(maxsize=512)
def _known(pair: Pair, _: tuple[type, ...]) -> tuple[str, str, str]:
    return _checked(pair, TYPES)


def _checked(pair: Pair, types: Mapping[str, Type]) -> tuple[str, str, str]:
    kind = (pair.type or types.get(pair.name)) if type(pair.name) is str else None
    if kind is None:
        raise ReplyError(f"{pair.name!r} is no attribute this module sends")
    if pair.tag is not None and not (kind.tagged and type(pair.tag) is int and 0 <= pair.tag <= 31):
        raise ReplyError(f"{pair.name} can't carry tag {pair.tag}; a tunnel attribute can, from 0 to 31")
    if type(pair.operator) is not Operator:
        raise ReplyError(f"{pair.name}: the operator {pair.operator!r} is none of {', '.join(Operator)}")
    # Without a tag rlm_python3 would take "any tag", -128, and show that to the last look at the reply.
    name = f"{pair.name}:0" if kind.tagged and pair.tag is None else pair.full_name
    if pair.operator is Operator.CLEAR:
        return pair.full_name, Operator.CLEAR.value, "ANY"
    return name, pair.operator.value, written(pair.name, pair.value, kind)


def _refuse_empty(pairs: Sequence[Pair]) -> None:
    """FreeRADIUS puts an empty attribute behind rules that end where an attribute does; a device may drop the reply."""
    for lengths in reply_size.rule_runs(pairs):
        if reply_size.ends_full(lengths):
            raise ReplyError(
                f"{len(lengths)} NAS-Filter-Rule of {sum(lengths)} bytes in all end exactly where an attribute does: "
                "make one of them longer or shorter by one character"
            )


def _refuse_overwritten(name: List, pairs: Sequence[Pair]) -> None:
    """`:=` replaces the first of its name whatever its tag, so a second one makes the first one vanish.

    `!*` behind a value would do the same.
    """
    seen: set[str] = set()
    for pair in pairs:
        if pair.operator is not Operator.ADD and pair.name in seen:
            raise ReplyError(f"{pair.name} stands in the {name.value} list already and would be lost: use += for both")
        if pair.operator is not Operator.CLEAR:
            seen.add(pair.name)
