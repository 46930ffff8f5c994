"""What is asked and what is meant: each authorization profile for each vendor family and kind of access it serves.

What is meant comes from the code that decides (decide.py), fed with the request as FreeRADIUS shows it to the hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....coa.attributes import Attribute
from ....config.model import Config
from ....decide import Verdict, decide
from ....nas_kind import NasKind
from ....profiles.family import Family
from ....profiles.model import Access
from ....request import FAMILY, Request
from ....trail import Trail
from .directory import Nas
from .mdm_toml import choice

_MAC = "02-00-5E-00-53-01"  # RFC 7042 section 2.1.2, for documentation; locally administered
_PORT_TYPES = {NasKind.WIRED: "Ethernet", NasKind.WIRELESS: "Wireless-802.11", NasKind.VPN: "Virtual"}
_NO_DECISION = "0" * 24


@dataclass(frozen=True, slots=True)
class Case:
    """One request. `profile`: the number of the authorization profile that it gets."""

    number: int
    profile: str
    family: str
    kind: NasKind
    nas: Nas

    @property
    def receiver(self) -> str:
        """What goes to whom, for the operator."""
        return f"profile {self.profile} to {self.family}"

    @property
    def name(self) -> str:
        """The same with the kind of access."""
        return f"{self.receiver} ({self.kind.value})"

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The request."""
        made = [
            Attribute("User-Name", "mdm-check"),
            Attribute("Called-Station-Id", choice(self.number)),
            Attribute("Calling-Station-Id", _MAC),
            Attribute("Acct-Session-Id", "mdm-check"),
        ]
        if self.kind in _PORT_TYPES:
            made.append(Attribute("NAS-Port-Type", _PORT_TYPES[self.kind]))
        if self.kind is NasKind.VPN:
            made.append(Attribute("Tunnel-Client-Endpoint", "192.0.2.1"))
        return tuple(made)

    @property
    def seen(self) -> Request:
        """The request as the hooks see it."""
        own = (("MDM-Client-Name", self.nas.name), ("MDM-Client-Address", self.nas.address), (FAMILY, self.family))
        return Request((*((each.name, str(each.value)) for each in self.attributes), *own))


def cases(config: Config, played: Sequence[Nas]) -> list[Case]:
    """Every profile for every family in use, on each kind of access that the family has and the profile is for."""
    return list(_cases(config, {nas.family: nas for nas in played}))


def _cases(config: Config, by_family: Mapping[str, Nas]) -> Iterator[Case]:
    for number, (name, profile) in enumerate(config.profiles.items()):
        for family in config.network_devices.families.values():
            if profile.access is Access.ACCEPT and family.name not in profile.results:
                continue
            for kind in _kinds(family):
                yield Case(number, name, family.name, kind, by_family[family.name])


def _kinds(family: Family) -> list[NasKind]:
    return [kind for kind in NasKind if kind in family.kinds]


def meant(case: Case, config: Config, decision_id: str, now: float, address: Callable[[str], str]) -> Verdict:
    """What is decided about it. `decision_id`: the reply's, which timers depend on; "" for a reject."""
    trail = Trail(decision_id or _NO_DECISION, now, lambda: now)
    verdict = decide(
        case.seen,
        config,
        lambda _: None,
        trail,
        has_uri_attribute=True,
        waited=True,
        enrolment_address=address,
    )
    assert isinstance(verdict, Verdict)  # with `waited` it always decides
    return verdict
