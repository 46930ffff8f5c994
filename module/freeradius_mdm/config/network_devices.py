"""The `[network_devices]` table: which vendor families a site has. Standard library only: radiusd imports this."""

from __future__ import annotations

from ..nas_kind import NasKind
from ..profiles.family import FAMILIES, Family
from .codes import ConfigCode
from .model import NetworkDevices
from .suggest import meant
from .table import Table

_DEFAULT = "cisco-ios-xe"


def read_network_devices(table: Table) -> NetworkDevices:
    """Every family in use, and which one a network device has whose client section names none."""
    default = _family(table, "default", table.text("default", _DEFAULT))
    vpn_name = table.text("default_vpn", "") if "default_vpn" in table else ""
    default_vpn = _family(table, "default_vpn", vpn_name) if vpn_name else None
    named = [_family(table, "families", name) for name in table.texts("families")]
    table.raw("default_vpn")
    table.finish()
    if default and default.is_vpn:
        what, hint = f"{default.name!r} is a VPN headend", f'write default_vpn = "{default.name}" for it'
        table.problem(ConfigCode.CONTRADICTION, "default", what, _allowed(vpn=False), hint)
    if default_vpn and NasKind.VPN not in default_vpn.kinds:
        what, hint = (
            f"{default_vpn.name!r} is no VPN headend",
            f'write default = "{default_vpn.name}" for it, or families',
        )
        table.problem(ConfigCode.CONTRADICTION, "default_vpn", what, _allowed(vpn=True), hint)
    in_use = {family.name: family for family in (default, default_vpn, *named) if family}
    return NetworkDevices(default=default or FAMILIES[_DEFAULT], default_vpn=default_vpn, families=in_use)


def _family(table: Table, key: str, name: str) -> Family | None:
    family = FAMILIES.get(name)
    if family is None:
        hint = meant(name, FAMILIES)
        table.problem(ConfigCode.UNKNOWN_REFERENCE, key, f"{name!r} is no vendor family", ", ".join(FAMILIES), hint)
    elif not family.verified:
        text = f"{name} ({family.title}) is not verified: its attributes are from {family.source}; send a capture"
        table.findings.warn(table.at(key), text)
    return family


def _allowed(*, vpn: bool) -> str:
    return ", ".join(family.name for family in FAMILIES.values() if (NasKind.VPN in family.kinds) is vpn)
