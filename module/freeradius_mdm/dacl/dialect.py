"""An ACE in the words of IOS or of ASA. Standard library only: radiusd imports this.

What both know stays as it was written. A name that only the other knows becomes its number, a mask is turned round;
what the dialect has no word for is told by `lacks`. Translated are: masks, `any4`/`any6` (IOS: `any`), `ip`/`ipv6`,
names of protocols, ports and ICMP messages. `any` stays `any`: ASA's `any` is IPv4 and IPv6, which only widens what
an ACL says about packets its session can't have.
"""

from __future__ import annotations

from .ace import Ace
from .address import Address
from .kinds import AclType, MaskStyle
from .masks import is_contiguous, turned
from .ports import Ports
from .tables import EVERY_PROTOCOL, ICMP_WORDS, MESSAGES_OF, PORTS, PORTS_OF, PROTOCOLS, PROTOCOLS_OF

IOS, ASA = MaskStyle.WILDCARD, MaskStyle.NETMASK


def lacks(ace: Ace, written: MaskStyle | None, style: MaskStyle) -> str:
    """Why the ACE can't be said in this dialect, "" when it can. `written`: the style of its ACL."""
    for option in ace.options:
        if style not in option.styles:
            return f"{style.dialect} has no {' '.join(option.words)}"
    if style is ASA:
        for ports in (ace.source_ports, ace.destination_ports):
            if ports is not None and ports.operator != "range" and len(ports.words) > 1:
                return f"ASA takes one port behind {ports.operator}: write one line for each port"
        if written is IOS:
            for address in (ace.source, ace.destination):
                if address.pair and not is_contiguous(address.mask):
                    return f"the wildcard {address.words[1]} has gaps, so no netmask says the same"
    return ""


def render(ace: Ace, written: MaskStyle | None, style: MaskStyle, type_: AclType) -> str:
    """The ACE for `type_` (IPV4 or IPV6) in this dialect. Only for what `lacks` says "" of."""
    turn = written is not None and written is not style
    words = ["permit" if ace.permits else "deny", _protocol(ace, style, type_), *_address(ace.source, style, turn)]
    words += _ports(ace.source_ports, ace.protocol, style)
    words += _address(ace.destination, style, turn)
    words += _ports(ace.destination_ports, ace.protocol, style)
    if ace.message is not None:
        if ace.message.words[0] in MESSAGES_OF[style, type_] or ace.message.words[0].isdecimal():
            words += ace.message.words
        else:
            words.append(str(ace.message.type))
            if ace.message.code is not None:
                words.append(str(ace.message.code))
    for option in ace.options:
        words += option.words
    return " ".join(words)


def _protocol(ace: Ace, style: MaskStyle, type_: AclType) -> str:
    if ace.number is None:
        return "ip" if style is ASA else EVERY_PROTOCOL[type_][0]
    if ace.protocol in ICMP_WORDS[type_]:
        return "icmp6" if style is ASA and type_ is AclType.IPV6 else "icmp"
    known = PROTOCOLS_OF[style, type_]
    if ace.protocol in known or ace.protocol.isdecimal():
        return ace.protocol
    same = (word for word, number in PROTOCOLS.items() if number == ace.number and word in known)
    return next(same, str(ace.number))


def _address(address: Address, style: MaskStyle, turn: bool) -> tuple[str, ...]:
    if style is IOS and address.words[0] in ("any4", "any6"):
        return ("any",)
    return turned(address) if turn else address.words


def _ports(ports: Ports | None, protocol: str, style: MaskStyle) -> list[str]:
    if ports is None:
        return []
    known, numbers = PORTS_OF[style, protocol], PORTS[protocol]
    return [ports.operator, *(word if word in known else str(numbers.get(word, word)) for word in ports.words)]
