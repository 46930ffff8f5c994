"""The keys of a profile that ask for results, in `[profiles.NAME]` and in `[profiles.NAME.for.FAMILY]`.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

from .. import durations
from ..dacl import AclType, Dacl
from ..dictionaries import Dictionary
from ..profiles.family import Family
from ..profiles.model import ENROLMENT, Connectivity, DaclDelivery, Results, Timer
from .free_attributes import read_free_attributes
from .table import Table

KEYS = tuple(field.name for field in fields(Results))
_VLAN = 'an id from 1 to 4094, or a VLAN name of at most 32 letters, digits and ._- like "EMPLOYEES"'
_TIMER = f'"compliance" (the time left until the record is due), "none", or {durations.ALLOWED}'
_URL = 'an https address of at most 200 bytes, with {session} and {mac} where they belong, or "enrolment"'
_NAME = r"[\x21-\x7e]{1,200}"
_POLICY = r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?"  # ASA's group policies may hold blanks
_ALLOWED_NAME = "a name of at most 200 printable characters without blanks"


@dataclass(frozen=True, slots=True)
class Context:
    """What a profile is checked against. `dictionary`: FreeRADIUS's, None where there is none (mdmd)."""

    dacls: Mapping[str, Dacl]
    families: Mapping[str, Family]
    dictionary: Dictionary | None = None


def read_results(table: Table, base: Results, context: Context) -> Results:
    """The results a table asks for; what it does not say is as in `base`."""
    results = Results(
        vlan=_vlan(table, base.vlan),
        vlan_tag=table.integer("vlan_tag", base.vlan_tag, 0, 31),
        dacl=_dacl(table, "dacl", base.dacl, context, (AclType.IPV4, AclType.AGNOSTIC)),
        dacl_ipv6=_dacl(table, "dacl_ipv6", base.dacl_ipv6, context, (AclType.IPV6, AclType.AGNOSTIC)),
        dacl_delivery=table.choice("dacl_delivery", DaclDelivery, base.dacl_delivery),
        # `.in` still has to fit (RFC 2865 section 5: 253 bytes).
        filter_id=_name(table, "filter_id", base.filter_id),
        airespace_acl=_name(table, "airespace_acl", base.airespace_acl),
        role=_name(table, "role", base.role),
        group_policy=_name(table, "group_policy", base.group_policy, _POLICY, "at most 64 printable characters"),
        vpn_vlan=table.integer("vpn_vlan", base.vpn_vlan, 1, 4094),
        reauthentication=_timer(table, "reauthentication", base.reauthentication),
        connectivity=table.choice("connectivity", Connectivity, base.connectivity),
        vpn_session_timeout=_timer(table, "vpn_session_timeout", base.vpn_session_timeout),
        idle_timeout=_whole(table, "idle_timeout", table.duration("idle_timeout", base.idle_timeout, 60, 30 * 86400)),
        # 0 means "unknown" to TrustSec, 1 is reserved; 65519 and more are reserved too.
        sgt=table.integer("sgt", base.sgt, 2, 65519),
        voice=table.flag("voice", base.voice),
        interface_template=_name(table, "interface_template", base.interface_template),
        redirect_acl=_name(table, "redirect_acl", base.redirect_acl),
        redirect_url=_redirect_url(table, base.redirect_url),
        attributes=read_free_attributes(table, base.attributes, context.dictionary),
    )
    _together(table, results)
    return results


def without(results: Results, keys: Sequence[str], table: Table) -> Results:
    """The results less what a table leaves out on purpose; a redirect goes with both its keys."""
    empty = replace(Results(), reauthentication=Timer.NONE)
    for key in keys:
        if key not in KEYS or not _is_given(results, key):
            there = ", ".join(each for each in KEYS if _is_given(results, each))
            table.problem("without", f"{key!r} is nothing that this profile gives", there)
            continue
        both = ("redirect_acl", "redirect_url") if key.startswith("redirect_") else (key,)
        results = replace(results, **{each: getattr(empty, each) for each in both})
    return results


def _is_given(results: Results, key: str) -> bool:
    """True for what can be left out: a result, not how one is sent."""
    value = getattr(results, key)
    return bool(value) and value is not Timer.NONE and key not in ("vlan_tag", "dacl_delivery", "connectivity")


def _together(table: Table, results: Results) -> None:
    if "vlan_tag" in table and not results.vlan:
        table.problem("vlan_tag", "stands there without vlan", "vlan and vlan_tag together")
    if "dacl_delivery" in table and not (results.dacl or results.dacl_ipv6):
        table.problem("dacl_delivery", "stands there without an ACL", "dacl or dacl_ipv6 with it")
    if "connectivity" in table and results.reauthentication is Timer.NONE:
        table.problem("connectivity", "stands there without a timer", "reauthentication with it")
    if bool(results.redirect_acl) != bool(results.redirect_url):
        key, other = ("redirect_acl", "redirect_url") if results.redirect_acl else ("redirect_url", "redirect_acl")
        table.problem(key, f"stands there without {other}", "redirect_acl and redirect_url together")


def _dacl(table: Table, key: str, default: str, context: Context, types: Sequence[AclType]) -> str:
    """The name of an ACL that is there and of a type that fits."""
    if key not in table:
        return default  # what a profile's own table names was checked there
    name = table.text(key)
    acl = context.dacls.get(name)
    fitting = ", ".join(sorted(each.name for each in context.dacls.values() if each.type in types)) or "there is none"
    suffix = ".acl" if AclType.IPV4 in types else ".ipv6.acl"
    if name and acl is None:
        table.problem(key, f"{name!r} is not there", f"a file dacls/NAME{suffix} beside this file: {fitting}")
    elif acl is not None and acl.type not in types:
        table.problem(key, f"{name!r} is an ACL of type {acl.type.value}", f"one of: {fitting}")
    return name


def _name(table: Table, key: str, default: str, pattern: str = _NAME, allowed: str = _ALLOWED_NAME) -> str:
    return table.matching(key, pattern, allowed, default)


def _vlan(table: Table, default: str) -> str:
    value = table.raw("vlan")
    if value is None:
        return default
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    is_id = re.fullmatch(r"[1-9][0-9]{0,3}", text) and int(text) <= 4094
    is_name = not text.isdecimal() and re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", text)
    if not is_id and not is_name:
        table.problem("vlan", f"{value!r} does not fit", _VLAN)
    return text


def _redirect_url(table: Table, default: str) -> str:
    url = table.text("redirect_url", default, allowed=_URL)
    if not url or url == ENROLMENT:
        return url
    plain = re.sub(r"\{(?:session|mac)\}", "", url)
    if not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+(?:/[\x21-\x7e]*)?", plain) or re.search(r"[{}\"\\]", plain):
        table.problem("redirect_url", f"{url!r} does not fit", _URL)
    elif len(url) > 200:
        table.problem("redirect_url", f"has {len(url)} bytes", _URL)
    return url


def _timer(table: Table, key: str, default: Timer | float) -> Timer | float:
    value = table.raw(key)
    if value is None:
        return default
    if isinstance(value, str) and value in tuple(Timer):
        return Timer(value)
    try:
        seconds = durations.parse(value)
    except ValueError as error:
        table.problem(key, str(error), _TIMER)
        return default
    if not 10 <= seconds <= 30 * 86400 or seconds != int(seconds):
        table.problem(key, f"{value} is out of range", f"{_TIMER}; from 10s to 30d in whole seconds")
        return default
    return seconds


def _whole(table: Table, key: str, seconds: float) -> float:
    if seconds != int(seconds):
        table.problem(key, "is no whole number of seconds", durations.ALLOWED)
    return seconds
