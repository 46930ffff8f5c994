"""Each downloadable ACL, fetched from the temporary server as a network device does it (ise.md sections 5.3 to 5.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ....coa.attributes import Attribute
from ....config.model import Config
from ....dacl import AclType, Dacl, av_prefix, wire_name
from ....dictionaries import Dictionary
from ....profiles.model import Result
from .directory import Nas
from .exchange import AccessCode, Exchange, Reply
from .wire import Shown, received

_STATE = 24
_AV_PAIR = "Cisco-AVPair"
_MOST_PACKETS = 2000
_NAMED_BY = {AclType.IPV4: Result.DACL, AclType.IPV6: Result.DACL_IPV6}


@dataclass(frozen=True, slots=True)
class Fetch:
    """One download. `entries`: the Cisco-AVPair values that are meant, in their order."""

    name: str  # on the wire
    acl: Dacl
    nas: Nas
    entries: tuple[str, ...]

    @property
    def title(self) -> str:
        """For the operator."""
        return f"downloadable ACL {self.name} to {self.nas.family}"


def fetches(config: Config, played: Sequence[Nas]) -> list[Fetch]:
    """Every ACL once in each dialect in which a family in use can download it."""
    found: dict[tuple[str, str], Fetch] = {}
    for acl in config.dacls.values():
        for type_ in _types(acl):
            for nas in played:
                fetch = _fetch(config, acl, type_, nas)
                if fetch is not None:
                    found.setdefault((fetch.name, "\n".join(fetch.entries)), fetch)
    return list(found.values())


def _fetch(config: Config, acl: Dacl, type_: AclType, nas: Nas) -> Fetch | None:
    family = config.network_devices.families[nas.family]
    if family.masks is None or _NAMED_BY[type_] not in family.results or acl.lacks(family.masks):
        return None
    served = acl.served(family.masks, type_)
    prefix = av_prefix(type_)
    entries = tuple(f"{prefix}#{number}={entry}" for number, entry in enumerate(served.entries, 1))
    return Fetch(wire_name(type_, acl.name, served.version), acl, nas, entries)


def _types(acl: Dacl) -> tuple[AclType, ...]:
    return (AclType.IPV4, AclType.IPV6) if acl.type is AclType.AGNOSTIC else (acl.type,)


def differences(fetch: Fetch, exchange: Exchange, dictionary: Dictionary) -> list[str]:
    """Download it, and say what is not as meant. Raises NoAnswer, PacketError."""
    values: list[str] = []
    for reply in _replies(fetch, exchange):
        if reply.code is AccessCode.REJECT:
            said = [each.text for each in received(reply.attributes, dictionary) if each.name == "Reply-Message"]
            return [f"it is refused: {', '.join(said) or 'without a reason'}"]
        shown = [each for each in received(reply.attributes, dictionary) if each.number != _STATE]
        others = [each for each in shown if each.name != _AV_PAIR]
        if others:
            return [f"{_first(others)} was added"]
        if not reply.signed:
            return ["Message-Authenticator is missing"]
        values += [each.text for each in shown]
    if tuple(values) == fetch.entries:
        return []
    at = next((at for at, (one, two) in enumerate(zip(values, fetch.entries, strict=False)) if one != two), None)
    if at is None:
        return [f"{len(values)} entries came, meant were {len(fetch.entries)}"]
    return [f"entry {at + 1} is {values[at] or 'empty'}, meant was {fetch.entries[at]}"]


def _replies(fetch: Fetch, exchange: Exchange) -> Iterator[Reply]:
    """One packet after another, until the last."""
    state: tuple[Attribute, ...] = ()
    for _ in range(_MOST_PACKETS):
        request = (
            Attribute("User-Name", fetch.name),
            Attribute(_AV_PAIR, "aaa:service=ip_admission"),
            Attribute(_AV_PAIR, "aaa:event=acl-download"),
            *state,
        )
        reply = exchange.ask(request)
        yield reply
        states = [octets for number, octets in reply.attributes if number == _STATE]
        if reply.code is not AccessCode.CHALLENGE or not states:
            return
        state = (Attribute("State", states[0]),)


def _first(shown: Sequence[Shown]) -> str:
    return f"{shown[0].name} = {shown[0].text}"
