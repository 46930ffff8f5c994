"""The dictionary's values for one request: what conditions compare, and what is published to FreeRADIUS.

An attribute that is absent is missing here. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..identity.model import Identity
from ..record_state import RecordState
from ..reply import Pair
from ..request import Request
from . import dictionary

# Our dictionary's names as FreeRADIUS attributes (freeradius/dictionary.mdm).
PUBLISHED = {
    dictionary.REGISTER_STATUS: "MDM-Device-Register-Status",
    dictionary.COMPLIANT_STATUS: "MDM-Device-Compliant-Status",
    dictionary.MANAGED: "MDM-Managed",
    dictionary.REACHABLE: "MDM-Server-Reachable",
    dictionary.SERVER_NAME: "MDM-Server-Name",
    dictionary.RECORD_SOURCE: "MDM-Record-Source",
    dictionary.RECORD_AGE: "MDM-Record-Age",
    dictionary.IDENTITY_SOURCE: "MDM-Identity-Source",
    dictionary.IDENTITY_PROVEN: "MDM-Identity-Proven",
}


class RequestValues(Mapping[str, Sequence[str]]):
    """The dictionary seen from one request; RADIUS attributes are looked up only when a rule names one."""

    def __init__(self, request: Request, identity: Identity, state: RecordState | None, family: str = "") -> None:
        self._request = request
        self._own: dict[str, tuple[str, ...]] = {
            dictionary.NAS_KIND: (request.nas_kind.value,),
            dictionary.IDENTITY_SOURCE: (identity.source,),
        }
        if family:
            self._own[dictionary.NAS_FAMILY] = (family,)
        if identity.key is not None and state is not None:
            self._own |= {
                dictionary.IDENTITY_PROVEN: (str(identity.proven),),
                dictionary.REGISTER_STATUS: (state.registration.value,),
                dictionary.COMPLIANT_STATUS: (state.compliance.value,),
                dictionary.MANAGED: (state.managed.value,),
                dictionary.REACHABLE: ("Reachable" if state.reachable else "UnReachable",),
                dictionary.SERVER_NAME: (identity.key.server,),
            }
            if state.source is not None and state.age is not None:
                self._own[dictionary.RECORD_SOURCE] = (state.source.value,)
                self._own[dictionary.RECORD_AGE] = (str(state.age),)

    def __getitem__(self, name: str) -> Sequence[str]:
        if name.startswith(dictionary.RADIUS_PREFIX):
            return self._request.all(name[len(dictionary.RADIUS_PREFIX) :])
        return self._own[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def __len__(self) -> int:
        return len(self._own)

    def one(self, name: str) -> str:
        """The only value of one of our own attributes, empty text when it is absent."""
        return (self._own.get(name) or ("",))[0]

    def published(self) -> tuple[Pair, ...]:
        """Each of our attributes that has a value, for FreeRADIUS's reply list; none of them is ever sent."""
        pairs = []
        for name, radius_name in PUBLISHED.items():
            if value := self.one(name):
                pairs.append(Pair(radius_name, int(value) if name == dictionary.RECORD_AGE else value))
        return tuple(pairs)
