"""What came, compared with what was meant: each attribute's values, in their order, and nothing beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .exchange import AccessCode, Reply
from .wire import Shown

_CLASS = 25
_DECISION_ID = re.compile(rb"mdm:([0-9a-f]{24})")
_LONGEST = 120  # characters of a value


def decision_id(reply: Reply) -> str:
    """The decision's id, which Class carries; "" without one."""
    found = [
        match for number, octets in reply.attributes if number == _CLASS and (match := _DECISION_ID.fullmatch(octets))
    ]
    return found[0][1].decode() if found else ""


def differences(meant: Sequence[Shown], came: Sequence[Shown], *, signed: bool) -> list[str]:
    """One sentence for each attribute name that is not as it was meant. Empty: everything is the same."""
    found = [] if signed else ["Message-Authenticator is missing"]
    known = {(each.number, each.octets): each for each in meant}
    came = [known.get((each.number, each.octets), each) for each in came]
    for name in dict.fromkeys(each.name for each in (*meant, *came)):
        wanted = [each for each in meant if each.name == name]
        got = [each for each in came if each.name == name]
        if [each.octets for each in wanted] == [each.octets for each in got]:
            continue
        if not got:
            found.append(f"{name} is missing, meant was {_values(wanted)}")
        elif not wanted:
            found.append(f"{name} = {_values(got)} was added")
        else:
            found.append(f"{name} is {_values(got)}, meant was {_values(wanted)}")
    if not found and [each.octets for each in meant] != [each.octets for each in came]:
        found.append(f"the order is {_names(came)}, meant was {_names(meant)}")
    return found


def wrong_code(accept: bool, reply: Reply, reason: str) -> str:
    """ "" when the answer is of the kind that was meant."""
    meant = AccessCode.ACCEPT if accept else AccessCode.REJECT
    if reply.code is meant:
        return ""
    why = f" ({reason})" if reason else ""
    return f"Access-{reply.code.name.capitalize()} came, meant was Access-{meant.name.capitalize()}{why}"


def _values(shown: Sequence[Shown]) -> str:
    return ", ".join(each.text[:_LONGEST] or "empty" for each in shown)


def _names(shown: Sequence[Shown]) -> str:
    return ", ".join(each.name for each in shown)
