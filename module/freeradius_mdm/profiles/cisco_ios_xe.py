"""Authorization results as Cisco IOS-XE switches and 9800 controllers want them (ise.md section 5.1).

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import dacl
from ..reply import Operator, Pair
from ..request import NasKind
from .model import AuthorizationProfile


def results(
    profile: AuthorizationProfile, kind: NasKind, timer: int | None, dacls: Mapping[str, str]
) -> tuple[Pair, ...]:
    """The reply attributes of a profile that accepts. `timer`: seconds, None for no Session-Timeout.

    On a VPN a VLAN has no meaning and Session-Timeout ends the tunnel, so Termination-Action never goes with it.
    """
    pairs: list[Pair] = []
    if profile.vlan and kind is not NasKind.VPN:
        tag = profile.vlan_tag
        pairs += [
            Pair("Tunnel-Type", "VLAN", tag=tag),
            Pair("Tunnel-Medium-Type", "IEEE-802", tag=tag),
            Pair("Tunnel-Private-Group-Id", profile.vlan, tag=tag),
        ]
    if profile.dacl:
        name = dacl.wire_name(profile.dacl, dacls[profile.dacl])
        pairs.append(Pair("Cisco-AVPair", f"ACS:CiscoSecure-Defined-ACL={name}", Operator.ADD))
    if profile.filter_id:
        pairs.append(Pair("Filter-Id", _directed(profile.filter_id, kind)))
    if timer is not None:
        pairs.append(Pair("Session-Timeout", timer))
        if kind is not NasKind.VPN:
            pairs.append(Pair("Termination-Action", "RADIUS-Request"))
    return tuple(pairs)


def _directed(filter_id: str, kind: NasKind) -> str:
    """IOS reads the direction from the name's end; a headend takes the plain name."""
    if kind is NasKind.VPN or filter_id.endswith((".in", ".out")):
        return filter_id
    return f"{filter_id}.in"
