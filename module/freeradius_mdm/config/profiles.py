"""The `[profiles.NAME]` tables. Standard library only: radiusd imports this."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .. import durations
from ..profiles.model import Access, AuthorizationProfile, Timer
from .table import Table

_VLAN = 'an id from 1 to 4094, or a VLAN name of at most 32 letters, digits and ._- like "EMPLOYEES"'
_TIMER = f'"compliance" (the time left until the record is due), "none", or {durations.ALLOWED}'
_RESULTS = ("vlan", "vlan_tag", "dacl", "filter_id", "reauthentication", "vpn_session_timeout")
# RFC 2865 section 5: an attribute's value has at most 253 bytes.
_REPLY_MESSAGE_BYTES = 253


def read_profiles(tables: Table, dacls: Mapping[str, str]) -> dict[str, AuthorizationProfile]:
    """Every authorization profile by name."""
    profiles: dict[str, AuthorizationProfile] = {}
    for name in tables:
        profiles[name] = _profile(name, tables.table(name), dacls)
    return profiles


def _profile(name: str, table: Table, dacls: Mapping[str, str]) -> AuthorizationProfile:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}", name):
        allowed = "letters, digits, blanks and ._-, at most 64"
        table.findings.problem(table.path, f"the name {name!r} does not fit", allowed)
    access = table.choice("access", Access, Access.ACCEPT)
    profile = AuthorizationProfile(
        name=name,
        access=access,
        vlan=_vlan(table),
        vlan_tag=table.integer("vlan_tag", 1, 0, 31),
        dacl=_dacl(table, dacls),
        filter_id=_filter_id(table),
        reauthentication=_timer(table, "reauthentication", Timer.COMPLIANCE),
        vpn_session_timeout=_timer(table, "vpn_session_timeout", Timer.NONE),
        reply_message=_reply_message(table),
    )
    if access is Access.REJECT:
        for key in _RESULTS:
            if key in table:
                table.problem(key, "has no meaning in a profile that rejects", "access and reply_message only")
    elif "vlan_tag" in table and not profile.vlan:
        table.problem("vlan_tag", "stands there without vlan", "vlan and vlan_tag together")
    table.finish()
    return profile


def _vlan(table: Table) -> str:
    value = table.raw("vlan")
    if value is None:
        return ""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    is_id = re.fullmatch(r"[1-9][0-9]{0,3}", text) and int(text) <= 4094
    is_name = not text.isdecimal() and re.fullmatch(r"[A-Za-z0-9_.-]{1,32}", text)
    if not is_id and not is_name:
        table.problem("vlan", f"{value!r} does not fit", _VLAN)
    return text


def _dacl(table: Table, dacls: Mapping[str, str]) -> str:
    name = table.text("dacl", "")
    if name and name not in dacls:
        allowed = ", ".join(sorted(dacls)) or "there is none"
        table.problem("dacl", f"{name!r} is not there", f"a file dacls/NAME.acl beside this file: {allowed}")
    return name


def _filter_id(table: Table) -> str:
    """At most 250 characters, so that `.in` still fits (RFC 2865 section 5: 253 bytes)."""
    return table.matching("filter_id", r"[\x21-\x7e]{1,250}", "an ACL name of at most 250 printable characters", "")


def _reply_message(table: Table) -> str:
    text = table.text("reply_message", "")
    if len(text.encode()) > _REPLY_MESSAGE_BYTES:
        table.problem("reply_message", f"has {len(text.encode())} bytes", f"at most {_REPLY_MESSAGE_BYTES} bytes")
    return text


def _timer(table: Table, key: str, default: Timer) -> Timer | float:
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
