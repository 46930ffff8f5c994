"""Whether a packet matches an ACE, decided from the ACE's text alone, to compare the package with.

Written from Cisco IOS Security Command Reference, permit (IP), without a look at the package: it knows the small
grammar that the property tests make, and goes through the text word by word.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile

PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "gre": 47}


@dataclass(frozen=True)
class Packet:
    """`fragment`: not the first of its packet, so it shows no ports, flags or message."""

    protocol: int
    source: int
    destination: int
    source_port: int = 0
    destination_port: int = 0
    message: tuple[int, int] = (0, 0)
    established: bool = False
    dscp: int = 0
    fragment: bool = False


Test = Callable[[Packet], bool]


def reader(text: str, netmasks: bool = False) -> Test:
    """A function that is true of the packets over which the ACE decides."""
    words = text.split()
    permits, protocol = words.pop(0) == "permit", words.pop(0)
    layer3: list[Test] = []
    layer4: list[Test] = []
    if protocol != "ip":
        number = PROTOCOLS[protocol]
        layer3.append(lambda packet: packet.protocol == number)
    source = _address(words, netmasks)
    source_ports = _ports(words)
    destination = _address(words, netmasks)
    destination_ports = _ports(words)
    layer3.append(lambda packet: source(packet.source) and destination(packet.destination))
    if source_ports is not None:
        layer4.append(lambda packet: source_ports(packet.source_port))
    if destination_ports is not None:
        layer4.append(lambda packet: destination_ports(packet.destination_port))
    if protocol == "icmp" and words and words[0].isdecimal():
        message = tuple(int(word) for word in takewhile(str.isdecimal, words))
        del words[: len(message)]
        layer4.append(lambda packet: packet.message[: len(message)] == message)
    if "established" in words:
        layer4.append(lambda packet: packet.established)
    if "dscp" in words:
        dscp = int(words[words.index("dscp") + 1])
        layer3.append(lambda packet: packet.dscp == dscp)
    if "fragments" in words:
        layer3.append(lambda packet: packet.fragment)

    def test(packet: Packet) -> bool:
        if not all(fits(packet) for fits in layer3):
            return False
        if packet.fragment and layer4:
            # "Specifying IP Extended Access Lists with Fragment Control": a permit takes it, a deny lets it by.
            return permits
        return all(fits(packet) for fits in layer4)

    return test


def _address(words: list[str], netmasks: bool) -> Callable[[int], bool]:
    first = words.pop(0)
    if first == "any":
        return lambda address: True
    if first == "host":
        host = int(ipaddress.IPv4Address(words.pop(0)))
        return lambda address: address == host
    mask = int(ipaddress.IPv4Address(words.pop(0)))
    matters = mask if netmasks else ~mask & 0xFFFFFFFF
    wanted = int(ipaddress.IPv4Address(first)) & matters
    return lambda address: address & matters == wanted


def _ports(words: list[str]) -> Callable[[int], bool] | None:
    if not words or words[0] not in ("eq", "neq", "lt", "gt", "range"):
        return None
    operator, numbers = words.pop(0), list[int]()
    while words and words[0].isdecimal():
        numbers.append(int(words.pop(0)))
    return {
        "eq": lambda port: port in numbers,
        "neq": lambda port: port not in numbers,
        "lt": lambda port: port < numbers[0],
        "gt": lambda port: port > numbers[0],
        "range": lambda port: numbers[0] <= port <= numbers[-1],
    }[operator]
