"""The `[profiles.NAME]` tables: one profile, and what it gives on each vendor family in use.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from ..authorization import class_of
from ..errors import ReplyError
from ..nas_kind import NasKind
from ..profiles.family import Family
from ..profiles.model import Access, AuthorizationProfile, Result, Results, Timer
from ..profiles.render import ProfileError, Situation, render, wanted
from ..reply import List, encode
from .codes import ConfigCode
from .profile_results import DACL_TYPES, KEYS, Context, read_results, without
from .suggest import meant
from .table import Table

# RFC 2865 section 5: an attribute's value has at most 253 bytes.
_REPLY_MESSAGE_BYTES = 253
_LONG = 30 * 86400  # seconds, the longest timer there is
_NAMES = "shorten the name, here and on the network device"


def read_profiles(tables: Table, context: Context) -> dict[str, AuthorizationProfile]:
    """Every authorization profile by name."""
    return {name: _profile(name, tables.table(name), context) for name in tables}


def _profile(name: str, table: Table, context: Context) -> AuthorizationProfile:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,63}", name):
        allowed = "letters, digits, blanks and ._-, at most 64"
        hint = "rename the profile, here and where rules name it"
        table.findings.problem(ConfigCode.DOES_NOT_FIT, table.path, f"the name {name!r} does not fit", allowed, hint)
    access = table.choice("access", Access, Access.ACCEPT)
    message = _reply_message(table)
    if access is Access.REJECT:
        for key in (*KEYS, "families", "for"):
            if key in table:
                table.raw(key)
                what = "has no meaning in a profile that rejects"
                table.problem(ConfigCode.NO_EFFECT, key, what, "access and reply_message only")
        table.finish()
        return AuthorizationProfile(name, access, message)
    base = read_results(table, Results(), context)
    families = _families(table, context)
    overrides = table.table("for")
    results: dict[str, Results] = {}
    for family in families:
        given = overrides.table(family.name) if family.name in overrides else None
        results[family.name] = _for_family(base, given, family, context)
        _check(results[family.name], family, table, given, context)
    _timers(table, families)
    for key in overrides:
        if key not in results:
            allowed = f"the families this profile serves: {', '.join(results)}"
            hint = meant(key, results) or f'remove the table, or add "{key}" to families'
            what = "is no family that this profile serves"
            overrides.problem(ConfigCode.UNKNOWN_REFERENCE, key, what, allowed, hint)
    table.finish()
    return AuthorizationProfile(name, access, message, results)


def _families(table: Table, context: Context) -> Collection[Family]:
    """The families a profile serves: all in use, or those it names."""
    if "families" not in table:
        return context.families.values()
    found = []
    for name in table.texts("families"):
        if name in context.families:
            found.append(context.families[name])
        else:
            hint = meant(name, context.families) or f'add "{name}" to families of [network_devices]'
            what, allowed = f"{name!r} is not in use", ", ".join(context.families)
            table.problem(ConfigCode.UNKNOWN_REFERENCE, "families", what, allowed, hint)
    return found


def _for_family(base: Results, given: Table | None, family: Family, context: Context) -> Results:
    if given is None:
        return base
    left_out = given.texts("without")
    results = without(base, left_out, given)
    results = read_results(given, results, context)
    for key in left_out:
        if key in given:
            what, hint = "is given and left out at once", "remove the line, or take it out of without"
            given.problem(ConfigCode.CONTRADICTION, key, what, "one of the two", hint)
    _timers(given, [family])
    given.finish()
    return results


def _timers(table: Table, families: Iterable[Family]) -> None:
    """A timer that none of the families has the access for would never be sent."""
    kinds = frozenset[NasKind]().union(*(family.kinds for family in families))
    names = ", ".join(family.name for family in families)
    if "vpn_session_timeout" in table and NasKind.VPN not in kinds:
        what = f"has no meaning: {names} gives no VPN access"
        table.problem(
            ConfigCode.NO_EFFECT, "vpn_session_timeout", what, "reauthentication, for wired and wireless access"
        )
    for key in ("reauthentication", "connectivity"):
        if key in table and kinds == {NasKind.VPN}:
            what = f"has no meaning: {names} gives VPN access only"
            table.problem(ConfigCode.NO_EFFECT, key, what, "vpn_session_timeout, for VPN access")


def _check(results: Results, family: Family, table: Table, given: Table | None, context: Context) -> None:
    """What a family can't express is a problem, at the key that asks for it."""
    before = len(table.findings.problems)
    for result in _asked(results, family, context):
        if result not in family.results:
            key = _KEY_OF.get(result, result.value)
            place = given if given is not None and key in given else table
            there = sorted({_KEY_OF.get(each, each.value) for each in family.results})
            place.problem(
                ConfigCode.NOT_EXPRESSIBLE,
                key,
                f"can't be sent to {family.name} ({family.title})",
                f"on {family.name}: {', '.join(there)}",
                f'to leave it out there: [{table.path}.for.{family.name}] without = ["{key}"]',
            )
    for result, most in family.longest.items():
        value = getattr(results, _KEY_OF.get(result, result.value))
        if len(str(value)) > most:
            place = given if given is not None and result.value in given else table
            what = f"{value!r} has {len(str(value))} bytes, {family.name} ({family.title}) takes {most}"
            place.problem(
                ConfigCode.NOT_EXPRESSIBLE, result.value, what, f"at most {most} bytes on {family.name}", _NAMES
            )
    if family.masks is not None:
        for key in ("dacl", "dacl_ipv6"):
            acl = context.dacls.get(getattr(results, key))
            if acl is not None and (why := acl.lacks(family.masks)):
                what = f"{acl.name} can't be sent to {family.name} ({family.title}): {why}"
                allowed = f"ACEs with {family.masks.value} masks, or such as can be translated"
                hint = f"mend that line, or name another ACL in [{table.path}.for.{family.name}]"
                table.problem(ConfigCode.NOT_EXPRESSIBLE, key, what, allowed, hint)
    if len(table.findings.problems) == before:
        _try(results, family, table, given, context)


def _try(results: Results, family: Family, table: Table, given: Table | None, context: Context) -> None:
    """Build the reply once, so that what the encoder would refuse is known before the first device comes."""
    for key, types in DACL_TYPES.items():
        name = getattr(results, key)
        if name and (name not in context.dacls or context.dacls[name].type not in types):
            return  # told already
    kind = next(kind for kind in NasKind if kind in family.kinds)
    url = "https://enrolment.example/" if results.redirect_url else ""
    situation = Situation(kind, timer=_LONG, vpn_timer=_LONG, dacls=context.dacls, redirect_url=url)
    if results.vpn_session_timeout is Timer.NONE:
        situation = replace(situation, vpn_timer=None)
    try:
        encode({List.REPLY: (class_of("0" * 24), *render(results, family, situation))})
    except (ProfileError, ReplyError) as error:
        place = given or table
        what = f"can't be sent to {family.name} ({family.title}): {error}"
        allowed = "results that one reply of at most 4096 bytes can hold together"
        hint = "shorten the ACL or deliver it by download, or leave a result out"
        place.findings.problem(ConfigCode.NOT_EXPRESSIBLE, place.path, what, allowed, hint)


def _asked(results: Results, family: Family, context: Context) -> list[Result]:
    known = replace(
        results,
        dacl=results.dacl if results.dacl in context.dacls else "",  # a missing one was told already
        dacl_ipv6=results.dacl_ipv6 if results.dacl_ipv6 in context.dacls else "",
    )
    asked = list(wanted(known, family, context.dacls))
    if not family.is_vpn and results.timer is not None:
        asked.append(results.timer)
    if family.is_vpn and results.vpn_session_timeout is not Timer.NONE:
        asked.append(Result.VPN_SESSION_TIMEOUT)
    return asked


# The key of mdm.toml, where it is another than the result's name.
_KEY_OF = {
    Result.REDIRECT: "redirect_acl",
    Result.PER_USER_ACL: "dacl",
    Result.PER_USER_ACL_IPV6: "dacl_ipv6",
    Result.REAUTHENTICATION_TERMINATE: "connectivity",
}


def _reply_message(table: Table) -> str:
    text = table.text("reply_message", "")
    if len(text.encode()) > _REPLY_MESSAGE_BYTES:
        what, allowed = f"has {len(text.encode())} bytes", f"at most {_REPLY_MESSAGE_BYTES} bytes"
        table.problem(ConfigCode.OUT_OF_RANGE, "reply_message", what, allowed, "shorten it")
    return text
