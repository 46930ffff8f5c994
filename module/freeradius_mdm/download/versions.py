"""The versions of downloadable ACLs: those of the configuration, and older ones that a session may still hold.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping

from ..dacl import AclType, Dacl, DaclError, MaskStyle, WireName, wire_name
from ..store.read import StoreReader

_REMEMBERED_CONFIGURATIONS = 8
_REMEMBERED_HANDINGS = 5000


Version = Mapping[MaskStyle, tuple[str, ...]]
"""The ACEs behind one wire name, as the families with each style of masks get them."""


def versions(dacls: Mapping[str, Dacl]) -> dict[str, Version]:
    """Everything that can be downloaded of a configuration, by wire name; a neutral ACL has one name for all styles."""
    found: dict[str, dict[MaskStyle, tuple[str, ...]]] = {}
    for dacl in dacls.values():
        types = (AclType.IPV4, AclType.IPV6) if dacl.type is AclType.AGNOSTIC else (dacl.type,)
        for style in MaskStyle:
            for type_ in types:
                try:
                    served = dacl.served(style, type_)
                except DaclError:
                    continue  # a profile that would need it in this style is an error of the configuration
                found.setdefault(wire_name(type_, dacl.name, served.version), {})[style] = served.entries
    return dict(found)


class _Configured:
    """One configuration's ACLs, their versions made when they are first asked for."""

    def __init__(self, dacls: Mapping[str, Dacl]) -> None:
        self.dacls = dacls
        self._versions: dict[str, Version] | None = None

    @property
    def versions(self) -> dict[str, Version]:
        if self._versions is None:
            self._versions = versions(self.dacls)
        return self._versions


class Shelf:
    """Where a hook finds a version: the configuration in force, the last few before it, then the store.

    The store is mdmd's; what this radiusd has seen itself is kept here too, so that a download goes on while mdmd is
    down or has not read the journal yet.
    """

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader
        self._present = _Configured({})
        self._past: deque[_Configured] = deque(maxlen=_REMEMBERED_CONFIGURATIONS)
        self._handed: OrderedDict[tuple[str, str], float] = OrderedDict()

    def take_over(self, dacls: Mapping[str, Dacl]) -> None:
        """These are in force now; costs nothing when they were already."""
        if dacls is not self._present.dacls:
            self._past.appendleft(self._present)
            self._present = _Configured(dacls)

    def present(self, name: str) -> Version | None:
        """The version of that wire name, if it is the one in force."""
        return self._present.versions.get(name)

    def older(self, name: str) -> Version | None:
        """A version that was in force before. Raises StoreError."""
        for configured in self._past:
            if name in configured.versions:
                return configured.versions[name]
        stored = self._reader.dacl_version(name)
        return {style: stored[style.value] for style in MaskStyle if style.value in stored} or None

    def knows(self, wire: WireName) -> bool:
        """True when there is or was an ACL of that type and name, in whatever version. Raises StoreError."""
        beginning = wire_name(wire.type, wire.name, "")
        names = (name for configured in (self._present, *self._past) for name in configured.versions)
        if any(name[:-8] == beginning for name in names):
            return True
        return self._reader.has_dacl(beginning)

    def hand(self, client: str, name: str, at: float) -> None:
        """Remember that the network device was told this name."""
        self._handed[client, name] = at
        self._handed.move_to_end((client, name))
        if len(self._handed) > _REMEMBERED_HANDINGS:
            self._handed.popitem(last=False)

    def handed_at(self, client: str, name: str) -> float | None:
        """When the network device was last told this name; None: never. Raises StoreError."""
        mine = self._handed.get((client, name))
        stored = None if mine is not None else self._reader.dacl_handed_at(client, name)
        return mine if mine is not None else stored
