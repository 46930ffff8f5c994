"""Which vendor family asks, and whether it may ask for this kind of access.

The family is `mdm_family` of the client section in FreeRADIUS, so that there is no second list of devices; without it
the default of `[network_devices]`. Standard library only: radiusd imports this.
"""

from __future__ import annotations

from dataclasses import dataclass

from .codes import Code
from .config.model import Config
from .nas_kind import NasKind
from .profiles.family import FAMILIES, Family
from .request import FAMILY, Request


@dataclass(frozen=True, slots=True)
class NetworkDevice:
    """The family, and why the request is refused, as code and text; `family` is None when there is none at all."""

    family: Family | None
    refusal: tuple[Code, str] | None = None


def find(request: Request, config: Config) -> NetworkDevice:
    """The network device that sent the request."""
    devices = config.network_devices
    named = request.first(FAMILY)
    if named:
        family = devices.families.get(named)
        if family is None:
            known = "is not in [network_devices] families" if named in FAMILIES else "is no vendor family"
            return NetworkDevice(None, (Code.UNKNOWN_FAMILY, f"mdm_family = {named[:60]} {known}"))
    elif request.nas_kind is NasKind.VPN:
        if devices.default_vpn is None:
            return NetworkDevice(None, (Code.UNKNOWN_FAMILY, "a VPN request, and default_vpn is not set"))
        family = devices.default_vpn
    else:
        family = devices.default
    if request.nas_kind not in family.kinds:
        text = f"{request.nas_kind.value} access from a device of family {family.name}"
        return NetworkDevice(family, (Code.WRONG_KIND_OF_ACCESS, text))
    return NetworkDevice(family)
