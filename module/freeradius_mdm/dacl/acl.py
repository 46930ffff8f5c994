"""A downloadable ACL: its entries, what is served to which family, and the version made from that.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .ace import Ace
from .dialect import lacks, render
from .kinds import AclType, DaclError, MaskStyle

# A Cisco-AVPair holds 247 bytes (RFC 2865 section 5.26 with Cisco's length octet): `ip:inacl#1000=` leaves 233,
# `ipv6:inacl#1000=` 231. An agnostic ACL is sent as either.
LONGEST_ACE = {AclType.IPV4: 233, AclType.IPV6: 231, AclType.AGNOSTIC: 231}
MOST_ACES = 9999  # four digits in `inacl#`


@dataclass(frozen=True, slots=True)
class Served:
    """What a network device gets. `version`: 8 hexadecimal digits of a hash of the entries, equal on all nodes."""

    entries: tuple[str, ...]
    version: str


def version_of(entries: Iterable[str]) -> str:
    """The first 8 hexadecimal digits of SHA-256 over the entries, joined by line feeds (ise.md section 5.3)."""
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Dacl:
    """One ACL file, checked. `style` is None when nothing in it depends on masks; `entries` canonical as written."""

    name: str
    type: AclType
    file: Path
    style: MaskStyle | None
    entries: tuple[str, ...]
    aces: tuple[Ace, ...] = field(repr=False)
    _served: dict[tuple[MaskStyle, AclType], Served | str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def served(self, style: MaskStyle, as_type: AclType | None = None) -> Served:
        """The ACL in this dialect. Raises DaclError with the line and the reason when it can't be said there.

        `as_type` IPV6 gives an agnostic ACL's entries for IPv6 (`permit ipv6 any any` on IOS), which have a version
        of their own; without it they are those for IPv4.
        """
        found = self._made(style, self._type(as_type))
        if isinstance(found, str):
            raise DaclError(found)
        return found

    def lacks(self, style: MaskStyle) -> str:
        """ "" or why it can't be served in this dialect, with file and line."""
        reasons = (self._made(style, type_) for type_ in self._types())
        return next((reason for reason in reasons if isinstance(reason, str)), "")

    def _types(self) -> tuple[AclType, ...]:
        return (AclType.IPV4, AclType.IPV6) if self.type is AclType.AGNOSTIC else (self.type,)

    def _type(self, as_type: AclType | None) -> AclType:
        types = self._types()
        if as_type is None or as_type is AclType.AGNOSTIC:
            return types[0]
        if as_type not in types:
            raise DaclError(f"{self.file}: {self.name} is an ACL of type {self.type.value}, not {as_type.value}")
        return as_type

    def _made(self, style: MaskStyle, type_: AclType) -> Served | str:
        key = (style, type_)
        if key not in self._served:
            self._served[key] = self._make(style, type_)
        return self._served[key]

    def _make(self, style: MaskStyle, type_: AclType) -> Served | str:
        entries = []
        for ace in self.aces:
            why = lacks(ace, self.style, style)
            text = "" if why else render(ace, self.style, style, type_)
            if len(text) > LONGEST_ACE[type_]:
                why = f"has {len(text)} characters on {style.dialect}, an ACE can have {LONGEST_ACE[type_]}"
            if why:
                return f"{self.file}:{ace.line}: {why}"
            entries.append(text)
        return Served(tuple(entries), version_of(entries))
