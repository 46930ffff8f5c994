"""From a profile's results to the reply attributes of one vendor family.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..dacl import AclType, Dacl, MaskStyle, wire_name
from ..errors import MdmError
from ..nas_kind import NasKind
from ..reply import TYPES, Pair
from .family import PROFILE_TAG, Family, Template
from .model import NOT_ON_VPN, ONLY_ON_VPN, DaclDelivery, Result, Results

_Values = Mapping[str, str]


class ProfileError(MdmError):
    """A profile asks for what this network device can't be told."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a profile's results depend on beside the profile itself.

    `timer`, `vpn_timer`: seconds, None for none. `redirect_url` is complete, with its placeholders filled in.
    """

    kind: NasKind
    timer: int | None
    vpn_timer: int | None
    dacls: Mapping[str, Dacl]
    redirect_url: str = ""


def wanted(results: Results, family: Family, dacls: Mapping[str, Dacl]) -> tuple[Result, ...]:
    """What the results ask for on any kind of access, timers left out, in the order in which it is sent."""
    acls = _acls(results, family, dacls)
    per_user = results.dacl_delivery is DaclDelivery.PER_USER
    v4, v6 = (type_ in acls for type_ in (AclType.IPV4, AclType.IPV6))
    asked = {
        Result.VLAN: results.vlan,
        Result.DACL: v4 and not per_user,
        Result.DACL_IPV6: v6 and not per_user,
        Result.FILTER_ID: results.filter_id,
        Result.AIRESPACE_ACL: results.airespace_acl,
        Result.ROLE: results.role,
        Result.GROUP_POLICY: results.group_policy,
        Result.VPN_VLAN: results.vpn_vlan,
        Result.IDLE_TIMEOUT: results.idle_timeout,
        Result.SGT: results.sgt,
        Result.VOICE: results.voice,
        Result.INTERFACE_TEMPLATE: results.interface_template,
        Result.REDIRECT: results.redirect_acl,
        Result.PER_USER_ACL: v4 and per_user,
        Result.PER_USER_ACL_IPV6: v6 and per_user,
    }
    return tuple(result for result in Result if asked.get(result))


def render(results: Results, family: Family, situation: Situation) -> tuple[Pair, ...]:
    """The reply attributes, what matters first. Raises ProfileError, its text a sentence for the operator."""
    asked = list(wanted(results, family, situation.dacls))
    is_vpn = situation.kind is NasKind.VPN
    misplaced = [result for result in asked if result in (NOT_ON_VPN if is_vpn else ONLY_ON_VPN)]
    if misplaced:
        names = ", ".join(misplaced)
        raise ProfileError(f"{names} means nothing for {situation.kind.value} access: give it a rule of its own")
    if is_vpn and situation.vpn_timer is not None:
        asked.append(Result.VPN_SESSION_TIMEOUT)
    if not is_vpn and situation.timer is not None and results.timer is not None:
        asked.append(results.timer)
    pairs: list[Pair] = []
    free_at = 0  # free attributes stand before ACLs in full, which can be long
    for result in sorted(asked, key=list(Result).index):
        templates = family.results.get(result)
        if templates is None:
            raise ProfileError(f"{result.value} can't be sent to {family.title} ({family.name})")
        for values in _values(result, results, family, situation):
            pairs += [_pair(template, values, results.vlan_tag) for template in templates]
        if result not in (Result.PER_USER_ACL, Result.PER_USER_ACL_IPV6):
            free_at = len(pairs)
    return (*pairs[:free_at], *(each.pair for each in results.attributes), *pairs[free_at:])


def _values(result: Result, results: Results, family: Family, situation: Situation) -> Iterator[_Values]:
    """What fills a result's placeholders: once, or once for each entry of an ACL."""
    match result:
        case Result.DACL | Result.DACL_IPV6:
            type_ = AclType.IPV4 if result is Result.DACL else AclType.IPV6
            acl = _acls(results, family, situation.dacls)[type_]
            yield {"dacl": wire_name(type_, acl.name, acl.served(_masks(family), type_).version)}
        case Result.PER_USER_ACL | Result.PER_USER_ACL_IPV6:
            type_ = AclType.IPV4 if result is Result.PER_USER_ACL else AclType.IPV6
            acl = _acls(results, family, situation.dacls)[type_]
            for number, ace in enumerate(acl.served(_masks(family), type_).entries, 1):
                yield {"number": str(number), "ace": ace}
        case Result.FILTER_ID:
            name = results.filter_id
            directed = name if name.endswith((".in", ".out")) else f"{name}.in"
            yield {"filter_id": name, "filter_id_in": directed}
        case Result.REAUTHENTICATION | Result.REAUTHENTICATION_TERMINATE:
            yield {"seconds": str(situation.timer)}
        case Result.VPN_SESSION_TIMEOUT:
            yield {"seconds": str(situation.vpn_timer)}
        case Result.SGT:
            yield {"sgt": str(results.sgt), "sgt_hex": f"{results.sgt:04x}"}
        case Result.REDIRECT:
            yield {"acl": results.redirect_acl, "url": situation.redirect_url}
        case _:
            yield {
                Result.VLAN: {"vlan": results.vlan},
                Result.AIRESPACE_ACL: {"acl": results.airespace_acl},
                Result.ROLE: {"name": results.role},
                Result.GROUP_POLICY: {"name": results.group_policy},
                Result.VPN_VLAN: {"vlan": str(results.vpn_vlan)},
                Result.IDLE_TIMEOUT: {"seconds": str(int(results.idle_timeout))},
                Result.VOICE: {},
                Result.INTERFACE_TEMPLATE: {"name": results.interface_template},
            }[result]


def _pair(template: Template, values: _Values, tag: int) -> Pair:
    text = template.value.format_map(values)
    kind = TYPES[template.name]
    value: str | int = int(text) if kind.numbers is not None else text
    if kind.octets:
        value = "0x" + text.encode().hex()
    return Pair(template.name, value, template.operator, tag if template.tag == PROFILE_TAG else template.tag)


def _acls(results: Results, family: Family, dacls: Mapping[str, Dacl]) -> dict[AclType, Dacl]:
    """The ACL for each version of IP; one that names no address serves both, where each has an ACL of its own."""
    found: dict[AclType, Dacl] = {}
    if results.dacl:
        acl = dacls[results.dacl]
        found[AclType.IPV4] = acl
        if acl.type is AclType.AGNOSTIC and not family.unified_acls:
            found[AclType.IPV6] = acl
    if results.dacl_ipv6:
        found[AclType.IPV6] = dacls[results.dacl_ipv6]
    return found


def _masks(family: Family) -> MaskStyle:
    if family.masks is None:
        raise ProfileError(f"{family.title} ({family.name}) takes no ACL from RADIUS")
    return family.masks
