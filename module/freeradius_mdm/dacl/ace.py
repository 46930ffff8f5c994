"""One access control entry, read. Standard library only: radiusd imports this.

Source: Cisco IOS Security Command Reference, permit (IP) and permit (IPv6); ASA CLI guide, Extended ACLs.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from .address import Address, parse_address
from .kinds import AclType, MaskStyle, Refused
from .options import Condition, Option, parse_options
from .ports import Ports, parse_ports
from .tables import DISPUTED_MESSAGES, EVERY_PROTOCOL, ICMP_WORDS, IGMP_TYPES, MESSAGES, PROTOCOLS
from .words import SHAPE, Words, number

# ICMP's protocol number. In an agnostic ACL it is 1 or 58, so it equals neither.
ICMP_NUMBER = {AclType.IPV4: 1, AclType.IPV6: 58, AclType.AGNOSTIC: -1}


@dataclass(frozen=True, slots=True)
class Message:
    """An ICMP message: `words` as written, type, and code or None for every code."""

    words: tuple[str, ...]
    type: int
    code: int | None


@dataclass(frozen=True, slots=True)
class Ace:
    """One entry. `text` is canonical: keywords in lower case, one blank between words, as it was written otherwise.

    `line` counts from 1. `number`: the protocol's, None for every protocol.
    """

    line: int
    text: str
    permits: bool
    protocol: str
    number: int | None
    source: Address
    source_ports: Ports | None
    destination: Address
    destination_ports: Ports | None
    message: Message | None
    options: tuple[Option, ...]

    @property
    def conditions(self) -> frozenset[Condition]:
        """What narrows it beside protocol, addresses, ports and message."""
        return frozenset(option.condition for option in self.options if option.condition is not None)

    @property
    def has_layer4(self) -> bool:
        """True when it asks for what only the first fragment of a packet carries."""
        ports = self.source_ports is not None or self.destination_ports is not None
        return ports or self.message is not None or any(option.layer4 for option in self.options)


def parse(text: str, type_: AclType, line: int = 0) -> Ace:
    """Read one ACE. Raises Refused."""
    words = Words(text)
    action = words.take("permit or deny")
    if action not in ("permit", "deny"):
        raise Refused(f"begins with {action!r}", f"{SHAPE}; remarks begin with !, # or remark")
    protocol = words.take("the protocol")
    number_ = _protocol(protocol, type_)
    source = parse_address(words, type_, "the source")
    source_ports = parse_ports(words, protocol, type_)
    destination = parse_address(words, type_, "the destination")
    destination_ports = parse_ports(words, protocol, type_)
    is_icmp = protocol in ICMP_WORDS[type_]
    message = _message(words, type_) if is_icmp else None
    igmp = _igmp(words) if protocol == "igmp" else ()
    has_layer4 = source_ports is not None or destination_ports is not None or message is not None or bool(igmp)
    messages = MESSAGES.get(type_, {}) if is_icmp and message is None else {}
    options = igmp + parse_options(words, type_, protocol, has_layer4, messages)
    return Ace(
        line=line,
        text=_text(action, protocol, source, source_ports, destination, destination_ports, message, options),
        permits=action == "permit",
        protocol=protocol,
        number=number_,
        source=source,
        source_ports=source_ports,
        destination=destination,
        destination_ports=destination_ports,
        message=message,
        options=options,
    )


def _text(
    action: str,
    protocol: str,
    source: Address,
    source_ports: Ports | None,
    destination: Address,
    destination_ports: Ports | None,
    message: Message | None,
    options: tuple[Option, ...],
) -> str:
    words = [action, protocol, *source.words]
    if source_ports is not None:
        words += (source_ports.operator, *source_ports.words)
    words += destination.words
    if destination_ports is not None:
        words += (destination_ports.operator, *destination_ports.words)
    if message is not None:
        words += message.words
    for option in options:
        words += option.words
    return " ".join(words)


def _protocol(word: str, type_: AclType) -> int | None:
    if word in EVERY_PROTOCOL[type_]:
        return None
    if word in ICMP_WORDS[type_]:
        return ICMP_NUMBER[type_]
    found = PROTOCOLS.get(word)
    if found is None:
        found = number(word, 255)
    if found is not None:
        return found
    every = EVERY_PROTOCOL[type_][0]
    names = sorted({every, *ICMP_WORDS[type_], *PROTOCOLS})
    allowed = f"a number from 0 to 255, or {', '.join(names)}"
    if word in ("object", "object-group"):
        raise Refused(f"the protocol is {word}, which only the device's own configuration knows", allowed)
    if word in ("ipv6", "icmp6", "icmpv6"):
        raise Refused(f"the protocol is {word} in an ACL of type {type_.value}", f"{every}; IPv6 in NAME.ipv6.acl")
    near = difflib.get_close_matches(word, names, 1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    raise Refused(f"{word!r} is no protocol{meant}", allowed)


def _message(words: Words, type_: AclType) -> Message | None:
    word = words.peek()
    known = MESSAGES.get(type_, MESSAGES[AclType.IPV4])
    if word in DISPUTED_MESSAGES:
        what = f"names the message {word}, by which documents and devices mean different numbers"
        raise Refused(what, DISPUTED_MESSAGES[word])
    if word not in known and not word.isdecimal():
        return None
    if type_ is AclType.AGNOSTIC:
        what = f"names the ICMP message {word}, which is another in IPv4 than in IPv6"
        raise Refused(what, "icmp without a message, or an ACL each: NAME.acl and OTHER.ipv6.acl")
    words.skip()
    if word in known:
        return Message((word,), *known[word])
    kind = number(word, 255)
    code_word = words.peek() if words.peek().isdecimal() else ""
    code = number(code_word, 255) if code_word else None
    if kind is None or (code_word and code is None):
        raise Refused(f"ICMP type and code {word} {code_word}".rstrip() + " do not fit", "each from 0 to 255")
    if code_word:
        words.skip()
    return Message((word, code_word) if code_word else (word,), kind, code)


def _igmp(words: Words) -> tuple[Option, ...]:
    word = words.peek()
    if word not in IGMP_TYPES and not word.isdecimal():
        return ()
    if word not in IGMP_TYPES and number(word, 15) is None:
        raise Refused(f"IGMP type {word} does not fit", f"0 to 15, or {', '.join(sorted(IGMP_TYPES))}")
    words.skip()
    return (Option((word,), frozenset({MaskStyle.WILDCARD}), ("igmp", word), layer4=True),)
