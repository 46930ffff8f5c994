"""What may stand behind an ACE's destination. Standard library only: radiusd imports this.

Source: Cisco IOS Security Command Reference, permit (IP) and permit (IPv6); ASA CLI guide, Extended ACLs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from .kinds import AclType, MaskStyle, Refused
from .ports import OPERATORS
from .tables import ASA_LOG_LEVELS, DSCP, IP_OPTIONS, PRECEDENCE, TCP_FLAGS, TOS
from .words import Words, number

IOS, ASA = MaskStyle.WILDCARD, MaskStyle.NETMASK
_BOTH = frozenset({IOS, ASA})
_IOS_ONLY = frozenset({IOS})

# A condition beside protocol, addresses, ports and ICMP message, in a form that can be compared.
Condition = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `condition` narrows what the ACE matches, None when it doesn't (logging)."""

    words: tuple[str, ...]
    styles: frozenset[MaskStyle] = _BOTH
    condition: Condition | None = None
    layer4: bool = False  # can't be told of a fragment after the first


@dataclass(frozen=True, slots=True)
class _Rule:
    parse: Callable[[Words, str], Option]
    types: frozenset[AclType] = frozenset(AclType)
    protocol: str = ""  # the one it needs


def parse_options(
    words: Words, type_: AclType, protocol: str, has_layer4: bool, messages: Iterable[str] = ()
) -> tuple[Option, ...]:
    """Take the rest of the ACE. `messages`: names that may stand there too. Raises Refused."""
    options: dict[str, Option] = {}
    while word := words.peek():
        words.skip()
        rule = _RULES.get(word)
        if rule is None:
            raise _unknown(word, type_, protocol, tuple(messages))
        if type_ not in rule.types:
            raise Refused(f"{word} is not for an ACL of type {type_.value}", _allowed(type_, protocol))
        if rule.protocol and rule.protocol != protocol:
            raise Refused(f"{word} stands with {protocol}", f"{word} with {rule.protocol} only")
        if word in options:
            raise Refused(f"says {word} twice", "each option once")
        options[word] = rule.parse(words, word)
    if "dscp" in options and ("precedence" in options or "tos" in options):
        raise Refused(
            "dscp stands beside precedence or tos, which are the same bits", "dscp alone, or precedence and tos"
        )
    if "fragments" in options and (has_layer4 or any(option.layer4 for option in options.values())):
        what = "fragments stands with ports, flags or a message type, which a fragment after the first has not"
        raise Refused(what, "fragments with protocol and addresses only")
    return tuple(options.values())


def _allowed(type_: AclType, protocol: str) -> str:
    fitting = (name for name, rule in _RULES.items() if type_ in rule.types and rule.protocol in ("", protocol))
    return ", ".join(sorted(fitting))


def _unknown(word: str, type_: AclType, protocol: str, messages: tuple[str, ...]) -> Refused:
    options = _allowed(type_, protocol)
    allowed = f"an ICMP type and code, or a message like {messages[0]}; {options}" if messages else options
    if word in OPERATORS:
        return Refused(f"names ports with {word}, which {protocol} has not", "ports with tcp, udp and sctp")
    if word in ("reflect", "evaluate"):
        return Refused(f"{word} names a list that only exists on the device", allowed)
    if word == "inactive":
        return Refused("is inactive and would do nothing", "an ACE in use, or none")
    near = difflib.get_close_matches(word, (*options.split(", "), *messages), 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return Refused(f"{word!r} is no {'message or ' if messages else ''}option{meant}", allowed)


def _plain(words: Words, name: str, narrows: bool = False, layer4: bool = False) -> Option:
    return Option((name,), _IOS_ONLY, (name,) if narrows else None, layer4)


def _log(words: Words, name: str) -> Option:
    """`log` alone means the same to both; level and interval are ASA's. IOS's own cookie word is not taken, because
    a mistyped option would pass for one."""
    taken = [name]
    if words.peek() in ("disable", "default"):
        taken.append(words.take("a level"))
    else:
        if words.peek() in ASA_LOG_LEVELS or number(words.peek(), 7) is not None:
            taken.append(words.take("a level"))
        if words.peek() == "interval":
            taken.append(words.take("interval"))
            seconds = words.take("the seconds of interval", "1 to 600")
            if not number(seconds, 600):
                raise Refused(f"interval {seconds} is out of range", "1 to 600 seconds")
            taken.append(seconds)
    return Option(tuple(taken), _BOTH if len(taken) == 1 else frozenset({ASA}))


def _value(words: Words, name: str, largest: int = 255, names: Mapping[str, int] | None = None) -> Option:
    names = names or {}
    allowed = f"{name} with a number from 0 to {largest}" + (f", or {', '.join(names)}" if names else "")
    word = words.take(f"the value of {name}", allowed)
    value = names.get(word)
    if value is None:
        value = number(word, largest)
    if value is None:
        raise Refused(f"{name} {word!r} does not fit", allowed)
    return Option((name, word), _IOS_ONLY, (name, value))


def _flow_label(words: Words, name: str) -> Option:
    word = words.take("the value of flow-label", "0 to 1048575")
    if not word.isdecimal() or len(word) > 7 or str(int(word)) != word or int(word) > 1048575:
        raise Refused(f"flow-label {word!r} does not fit", "0 to 1048575")
    return Option((name, word), _IOS_ONLY, (name, word))


def _ip_option(words: Words, name: str) -> Option:
    word = words.take("the value of option", "a number from 0 to 255 or a name like any-options")
    value = IP_OPTIONS.get(word)
    if value is None and word != "any-options":
        value = number(word, 255)
        if value is None:
            allowed = f"a number from 0 to 255, any-options, or {', '.join(sorted(IP_OPTIONS))}"
            raise Refused(f"option {word!r} does not fit", allowed)
    return Option((name, word), _IOS_ONLY, (name, word if value is None else value))


def _ttl(words: Words, name: str) -> Option:
    allowed = "ttl eq|neq|lt|gt 0 to 255, or ttl range FIRST LAST"
    operator = words.take("the operator of ttl", allowed)
    taken = [words.take("the value of ttl", allowed) for _ in range(2 if operator == "range" else 1)]
    if operator not in OPERATORS or any(number(word, 255) is None for word in taken):
        raise Refused(f"ttl {' '.join([operator, *taken])} does not fit", allowed)
    return Option((name, operator, *taken), _IOS_ONLY, (name, operator, *taken))


def _flags(words: Words, name: str) -> Option:
    taken: list[str] = []
    while words.peek()[:1] in ("+", "-") and words.peek()[1:] in TCP_FLAGS:
        taken.append(words.take("a flag"))
    if not taken:
        raise Refused(f"{name} names no flag", f"{name} with + or - before {', '.join(TCP_FLAGS)}, like +syn -ack")
    return Option((name, *taken), _IOS_ONLY, (name, *sorted(set(taken))), layer4=True)


def _time_range(words: Words, name: str) -> Option:
    range_name = words.take_name("the name of time-range")
    return Option((name, range_name), _BOTH, (name, range_name))


_V4 = frozenset({AclType.IPV4})
_V6 = frozenset({AclType.IPV6})
_RULES: Mapping[str, _Rule] = {
    "log": _Rule(_log),
    "log-input": _Rule(_plain),
    "time-range": _Rule(_time_range),
    "fragments": _Rule(partial(_plain, narrows=True)),
    "dscp": _Rule(partial(_value, largest=63, names=DSCP)),
    "precedence": _Rule(partial(_value, largest=7, names=PRECEDENCE), _V4),
    "tos": _Rule(partial(_value, largest=15, names=TOS), _V4),
    "ttl": _Rule(_ttl, _V4),
    "option": _Rule(_ip_option, _V4),
    "established": _Rule(partial(_plain, narrows=True, layer4=True), protocol="tcp"),
    "match-any": _Rule(_flags, _V4, "tcp"),
    "match-all": _Rule(_flags, _V4, "tcp"),
    "flow-label": _Rule(_flow_label, _V6),
    "routing": _Rule(partial(_plain, narrows=True), _V6),
    **{flag: _Rule(partial(_plain, narrows=True, layer4=True), protocol="tcp") for flag in TCP_FLAGS},
}
