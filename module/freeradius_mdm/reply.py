"""The strict encoder: what it lets through, rlm_python3 takes as it is; everything else raises ReplyError.

rlm_python3 skips, cuts or zeroes what it does not like without a word (freeradius.md sections 2.3 to 2.5), which
ends in a bare Access-Accept. So every name, operator, type, range and length is checked here first.
Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .errors import ReplyError


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
    """One attribute for a list. `value`: text, or an int for numbers; `tag` 0..31 for tunnel attributes."""

    name: str
    value: str | int
    operator: Operator = Operator.SET
    tag: int | None = None

    @property
    def full_name(self) -> str:
        """The name as FreeRADIUS writes it, with its tag."""
        return f"{self.name}:{self.tag}" if self.tag is not None else self.name


@dataclass(frozen=True, slots=True)
class Type:
    """What a value of an attribute may be. `size`: bytes of its header on the wire, 0 for one that is never sent."""

    size: int = 2
    longest: int = 253
    numbers: range | None = None
    names: Mapping[str, int] | None = None
    octets: bool = False
    tagged: bool = False


_TEXT = Type()
_OWN = Type(size=0)
# RFC 2865 (11, 18, 27, 29), RFC 2868 (64, 65, 81), RFC 3579 (79), Cisco VSA 9/1, Microsoft VSAs 311/16, 17.
TYPES: Mapping[str, Type] = {
    "Tunnel-Type": Type(names={"VLAN": 13}, tagged=True),
    "Tunnel-Medium-Type": Type(names={"IEEE-802": 6}, tagged=True),
    "Tunnel-Private-Group-Id": Type(longest=252, tagged=True),
    "Filter-Id": _TEXT,
    "Reply-Message": _TEXT,
    "Session-Timeout": Type(numbers=range(1, 2**31)),  # 0 means "no limit" to some devices
    "Termination-Action": Type(names={"RADIUS-Request": 1}),
    "Cisco-AVPair": Type(size=8, longest=247),
    "EAP-Message": Type(octets=True),
    "MS-MPPE-Recv-Key": Type(size=8, octets=True),
    "MS-MPPE-Send-Key": Type(size=8, octets=True),
    "MDM-Decision-Id": _OWN,
    "MDM-Device-Register-Status": _OWN,
    "MDM-Device-Compliant-Status": _OWN,
    "MDM-Managed": _OWN,
    "MDM-Server-Reachable": _OWN,
    "MDM-Server-Name": _OWN,
    "MDM-Record-Source": _OWN,
    "MDM-Record-Age": Type(size=0, numbers=range(2**31)),
    "MDM-Identity-Source": _OWN,
    "MDM-Identity-Proven": _OWN,
    "MDM-Rule": _OWN,
    "MDM-Authorization-Profile": _OWN,
    "MDM-Wait-Server": _OWN,
    "MDM-Wait-Kind": _OWN,
    "MDM-Wait-Value": _OWN,
    "MDM-Wait-Time": _OWN,
}
# 20 bytes of header, EAP-Message, Message-Authenticator, MPPE keys and Proxy-State need room below 4096 bytes;
# what does not fit is lost on the wire without an error (freeradius.md section 8).
_BUDGET = 3400
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


def encode(lists: Mapping[List, Sequence[Pair]]) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """The dictionary half of a hook's result: exact str, tuple and dict, as rlm_python3 wants them."""
    encoded = {str(name.value): tuple(map(_encode, pairs)) for name, pairs in lists.items() if pairs}
    size = sum(_wire_size(pair) for pair in lists.get(List.REPLY, ()))
    if size > _BUDGET:
        raise ReplyError(f"the reply has {size} bytes of attributes, {_BUDGET} fit into one packet")
    return encoded


def names() -> Iterable[str]:
    """Every attribute name that can be sent, to be compared with FreeRADIUS's dictionary at start."""
    return TYPES.keys()


def _encode(pair: Pair) -> tuple[str, str, str]:
    kind = TYPES.get(pair.name) if type(pair.name) is str else None
    if kind is None:
        raise ReplyError(f"{pair.name!r} is no attribute this module sends")
    if pair.tag is not None and not (kind.tagged and type(pair.tag) is int and 0 <= pair.tag <= 31):
        raise ReplyError(f"{pair.name} can't carry tag {pair.tag}; a tunnel attribute can, from 0 to 31")
    if pair.operator is Operator.CLEAR:
        return pair.full_name, Operator.CLEAR.value, "ANY"
    return pair.full_name, pair.operator.value, _value(pair, kind)


def _value(pair: Pair, kind: Type) -> str:
    value = pair.value
    if kind.numbers is not None:
        if type(value) is not int or value not in kind.numbers:
            raise ReplyError(
                f"{pair.name} = {value!r}: a number from {kind.numbers.start} to {kind.numbers.stop - 1} fits"
            )
        return str(value)
    if type(value) is not str:
        raise ReplyError(f"{pair.name} = {value!r}: text is needed")
    if kind.names is not None:
        if value not in kind.names:
            raise ReplyError(f"{pair.name} = {value!r}: {' or '.join(kind.names)} fits")
        return value
    if kind.octets:
        if not re.fullmatch(r"0x(?:[0-9a-f]{2})+", value) or len(value) // 2 - 1 > kind.longest:
            raise ReplyError(f"{pair.name}: 0x and hexadecimal digits are needed")
        return value
    return _text(pair.name, value, kind.longest)


def _text(name: str, value: str, longest: int) -> str:
    try:
        size = len(value.encode("utf-8", "strict"))
    except UnicodeEncodeError as error:
        raise ReplyError(f"{name}: the text can't be written as UTF-8") from error
    if not 1 <= size <= longest:
        raise ReplyError(f"{name} has {size} bytes, 1 to {longest} fit")
    if _CONTROL_CHARACTERS.search(value):
        raise ReplyError(f"{name} holds control characters")
    return value.replace("\\", "\\\\")  # FreeRADIUS reads the text as a double-quoted string


def _wire_size(pair: Pair) -> int:
    kind = TYPES.get(pair.name, _TEXT)
    if kind.size == 0 or pair.operator is Operator.CLEAR:
        return 0
    if kind.numbers is not None or kind.names is not None:
        return kind.size + 4
    tag = 1 if pair.tag else 0
    return kind.size + tag + (len(str(pair.value)) // 2 - 1 if kind.octets else len(str(pair.value).encode()))
