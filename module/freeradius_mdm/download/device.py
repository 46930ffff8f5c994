"""What a network device can download, by the vendor family of its client section. Standard library only: radiusd
imports this.

A download request says nothing of NAS-Port-Type, so a device without `mdm_family` may be of either default family:
the name it asks for is bound to the content, and was made for one of the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..config.model import Config
from ..dacl import AclType, MaskStyle
from ..profiles.family import Family
from ..profiles.model import Result
from ..request import FAMILY, Request

_NAMED_BY = {AclType.IPV4: Result.DACL, AclType.IPV6: Result.DACL_IPV6}


@dataclass(frozen=True, slots=True)
class Takes:
    """The mask styles that a network device takes in an IPv4 and in an IPv6 ACL; `families` for the operator."""

    families: str
    ipv4: tuple[MaskStyle, ...]
    ipv6: tuple[MaskStyle, ...]

    def styles(self, type_: AclType) -> tuple[MaskStyle, ...]:
        """In the order of preference; empty when the device can't download an ACL of that type."""
        return self.ipv6 if type_ is AclType.IPV6 else self.ipv4


def takes(request: Request, config: Config) -> Takes:
    """What the device that sent this request takes."""
    devices = config.network_devices
    named = request.first(FAMILY)
    if named:
        known = devices.families.get(named)
        families = [known] if known else []
    else:
        families = [family for family in (devices.default, devices.default_vpn) if family]
    text = named[:60] or " or ".join(family.name for family in families)
    return Takes(text, _styles(families, AclType.IPV4), _styles(families, AclType.IPV6))


def _styles(families: Iterable[Family], type_: AclType) -> tuple[MaskStyle, ...]:
    styles = (family.masks for family in families if family.masks and _NAMED_BY[type_] in family.results)
    return tuple(dict.fromkeys(styles))
