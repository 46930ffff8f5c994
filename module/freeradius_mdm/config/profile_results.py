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
from .codes import ConfigCode
from .free_attributes import read_free_attributes
from .suggest import meant
from .table import Table
from .toml_text import shown

KEYS = tuple(field.name for field in fields(Results))
DACL_TYPES = {"dacl": (AclType.IPV4, AclType.AGNOSTIC), "dacl_ipv6": (AclType.IPV6, AclType.AGNOSTIC)}
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
        dacl=_dacl(table, "dacl", base.dacl, context),
        dacl_ipv6=_dacl(table, "dacl_ipv6", base.dacl_ipv6, context),
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
            there = [each for each in KEYS if _is_given(results, each)]
            allowed, hint = ", ".join(there) or "nothing: the profile gives nothing", meant(key, there)
            what = f"{key!r} is nothing that this profile gives"
            table.problem(ConfigCode.NO_EFFECT, "without", what, allowed, hint or "remove it from the list")
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
        table.problem(ConfigCode.INCOMPLETE, "vlan_tag", "stands there without vlan", "vlan and vlan_tag together")
    if "dacl_delivery" in table and not (results.dacl or results.dacl_ipv6):
        what = "stands there without an ACL"
        table.problem(ConfigCode.INCOMPLETE, "dacl_delivery", what, "dacl or dacl_ipv6 with it")
    if "connectivity" in table and results.reauthentication is Timer.NONE:
        what = "stands there without a timer"
        table.problem(ConfigCode.INCOMPLETE, "connectivity", what, "reauthentication with it")
    if bool(results.redirect_acl) != bool(results.redirect_url):
        key, other = ("redirect_acl", "redirect_url") if results.redirect_acl else ("redirect_url", "redirect_acl")
        allowed = "redirect_acl and redirect_url together"
        table.problem(ConfigCode.INCOMPLETE, key, f"stands there without {other}", allowed)


def _dacl(table: Table, key: str, default: str, context: Context) -> str:
    """The name of an ACL that is there and of a type that fits."""
    if key not in table:
        return default  # what a profile's own table names was checked there
    name = table.text(key)
    acl, types = context.dacls.get(name), DACL_TYPES[key]
    names = sorted(each.name for each in context.dacls.values() if each.type in types)
    fitting = ", ".join(names) or "there is none"
    suffix = ".acl" if AclType.IPV4 in types else ".ipv6.acl"
    if name and acl is None:
        allowed = f"the NAME of a file dacls/NAME{suffix} beside this file: {fitting}"
        hint = meant(name, names) or f"write dacls/{name}{suffix}, or mend the errors in it"
        table.problem(ConfigCode.UNKNOWN_REFERENCE, key, f"there is no downloadable ACL {name!r}", allowed, hint)
    elif acl is not None and acl.type not in types:
        other = "dacl" if key == "dacl_ipv6" else "dacl_ipv6"
        what, hint = f"{name!r} is an ACL of type {acl.type.value} ({acl.file.name})", f"name it as {other}"
        table.problem(ConfigCode.CONTRADICTION, key, what, f"one of: {fitting}", hint)
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
        table.problem(ConfigCode.DOES_NOT_FIT, "vlan", f"{shown(value)} does not fit", _VLAN)
    return text


def _redirect_url(table: Table, default: str) -> str:
    url = table.text("redirect_url", default, allowed=_URL)
    if not url or url == ENROLMENT:
        return url
    plain = re.sub(r"\{(?:session|mac)\}", "", url)
    if not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+(?:/[\x21-\x7e]*)?", plain) or re.search(r"[{}\"\\]", plain):
        table.problem(ConfigCode.DOES_NOT_FIT, "redirect_url", f"{url!r} does not fit", _URL)
    elif len(url) > 200:
        hint = "shorten it: some network devices take no more than 247 bytes together with its name"
        table.problem(ConfigCode.OUT_OF_RANGE, "redirect_url", f"has {len(url)} bytes", _URL, hint)
    return url


def _timer(table: Table, key: str, default: Timer | float) -> Timer | float:
    value = table.raw(key)
    if value is None:
        return default
    if isinstance(value, str) and value in tuple(Timer):
        return Timer(value)
    allowed = f"{_TIMER}; from 10s to 30d in whole seconds"
    seconds = table.seconds(key, value, allowed)
    if seconds is None:
        return default
    if not 10 <= seconds <= 30 * 86400 or seconds != int(seconds):
        table.problem(ConfigCode.OUT_OF_RANGE, key, f"{value} is out of range", allowed)
        return default
    return seconds


def _whole(table: Table, key: str, seconds: float) -> float:
    if key in table and seconds != int(seconds):
        what, allowed = "is no whole number of seconds", "a duration in whole seconds, as RADIUS counts them"
        table.problem(ConfigCode.DOES_NOT_FIT, key, what, allowed, "write it in s, m, h or d")
    return seconds
