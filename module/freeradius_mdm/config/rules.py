"""`[policy]` and the `[[rules]]` entries. Standard library only: radiusd imports this."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import durations
from ..policy import dictionary
from ..policy.dictionary import Attribute, ValueType
from ..policy.model import Condition, Network, Operator, Rule
from ..profiles.model import Access, AuthorizationProfile
from ..request_record import is_kept
from .codes import ConfigCode
from .model import Mode, Policy, Server
from .suggest import meant
from .table import Table, unique
from .toml_text import shown

_RULE_NAME_BYTES = 100
_COMPARISON = (
    '"value", ["one", "or another"], or a table with one of equals, prefix, cidr, regex, at_least, at_most; '
    "{ not = ... } around any of them"
)


def read_policy(
    policy: Table, rules: Sequence[Table], profiles: Mapping[str, AuthorizationProfile], servers: Sequence[Server]
) -> Policy:
    """The whole policy; checks that it says what happens when an MDM server can't be reached."""
    unique(rules, lambda table: str(table.raw("name") or ""), "rule")
    read = Policy(
        mode=policy.choice("mode", Mode, Mode.ENFORCE),
        monitor_profile=policy.text("monitor_profile", "") or None,
        default_profile=_profile(policy, "default_profile", profiles),
        rules=tuple(_rule(table, profiles, servers) for table in rules),
    )
    _check_monitor(policy, read, profiles)
    _check_unreachable(policy, read)
    policy.finish()
    return read


def _rule(table: Table, profiles: Mapping[str, AuthorizationProfile], servers: Sequence[Server]) -> Rule:
    rule = Rule(
        name=_name(table),
        when=tuple(_conditions(table.table("when"), servers)),
        any=tuple(tuple(_conditions(group, servers)) for group in table.tables("any")),
        profile=_profile(table, "profile", profiles),
        monitor=table.choice("mode", Mode, Mode.ENFORCE) is Mode.MONITOR,
    )
    _check_conditions(table)
    table.finish()
    return rule


def _check_conditions(table: Table) -> None:
    """Nothing to compare would match every device."""
    allowed = 'when = { "MDM:DeviceCompliantStatus" = "Compliant" }'
    hint = "write what has to hold; for all other devices there is default_profile of [policy]"
    code = ConfigCode.POLICY_GAP
    when, groups = table.raw("when"), table.raw("any")
    if when is None and not groups:
        table.problem(code, "when", "is missing, and the rule would match every device", allowed, hint)
    elif when == {} or groups == []:
        table.problem(code, "when" if when == {} else "any", "is empty and would match every device", allowed, hint)
    for number, group in enumerate(groups if isinstance(groups, list) else (), 1):
        if group == {}:
            table.problem(code, f"any[{number}]", "is empty and would match every device", allowed, hint)


def _name(table: Table) -> str:
    """Published as MDM-Rule, and an attribute's text has at most 253 bytes."""
    allowed = f"the rule's name, at most {_RULE_NAME_BYTES} bytes"
    name = table.text("name", allowed=allowed)
    if len(name.encode()) > _RULE_NAME_BYTES:
        table.problem(ConfigCode.OUT_OF_RANGE, "name", f"has {len(name.encode())} bytes", allowed, "shorten it")
    return name


def _profile(table: Table, key: str, profiles: Mapping[str, AuthorizationProfile]) -> str:
    allowed = "the name of a [profiles.NAME] table: " + (", ".join(profiles) or "there is none")
    name = table.text(key, allowed=allowed)
    if name and name not in profiles:
        hint = meant(name, profiles)
        table.problem(ConfigCode.UNKNOWN_REFERENCE, key, f"{name!r} is not known", allowed, hint)
    return name


def _check_monitor(table: Table, policy: Policy, profiles: Mapping[str, AuthorizationProfile]) -> None:
    allowed = 'the name of a [profiles.NAME] table with access = "accept"'
    if policy.monitor_profile is None:
        if policy.mode is Mode.MONITOR or any(rule.monitor for rule in policy.rules):
            hint = "name the profile that a device gets whatever the rules say"
            what = "is missing, and monitor mode is on"
            table.problem(ConfigCode.INCOMPLETE, "monitor_profile", what, allowed, hint)
    elif policy.monitor_profile not in profiles:
        name = policy.monitor_profile
        table.problem(
            ConfigCode.UNKNOWN_REFERENCE, "monitor_profile", f"{name!r} is not known", allowed, meant(name, profiles)
        )
    elif profiles[policy.monitor_profile].access is not Access.ACCEPT:
        what = f"{policy.monitor_profile!r} rejects, and monitor mode lets every device in"
        table.problem(ConfigCode.CONTRADICTION, "monitor_profile", what, allowed, "name a profile that accepts")


def _check_unreachable(table: Table, policy: Policy) -> None:
    """Fail-open or fail-closed has to be written, not discovered (ise.md section 2.5)."""
    for rule in policy.rules:
        for condition in rule.conditions():
            if condition.attribute == dictionary.REACHABLE and condition.holds(("UnReachable",)):
                return
    table.findings.problem(
        ConfigCode.POLICY_GAP,
        "rules",
        f"no rule for {dictionary.REACHABLE} = UnReachable",
        f'a rule with when = {{ "{dictionary.REACHABLE}" = "UnReachable" }}',
        "decide what a device gets while Intune can't be asked, and write it as a rule",
    )


def _conditions(table: Table, servers: Sequence[Server]) -> Iterator[Condition]:
    for key in table:
        value = table.raw(key)
        attribute = dictionary.find(key)
        if attribute is None:
            hint = meant(key, [a.name for a in dictionary.ATTRIBUTES])
            table.problem(ConfigCode.UNKNOWN_KEY, key, "is no attribute", dictionary.allowed_names(), hint)
        elif attribute.name.startswith(dictionary.RADIUS_PREFIX) and not is_kept(
            attribute.name.removeprefix(dictionary.RADIUS_PREFIX)
        ):
            table.problem(
                ConfigCode.DOES_NOT_FIT,
                key,
                "is not kept with a decision, which then could not be decided again when compliance changes",
                "an attribute that is no secret and belongs to more than one exchange",
                "compare another attribute of the request",
            )
        elif not attribute.available:
            names = ", ".join(server.name for server in servers)
            table.problem(
                ConfigCode.NO_EFFECT,
                key,
                f"can never have a value: {names} answers by Intune's NAC 2.0 service, which does not give it",
                dictionary.allowed_names(),
                "remove the condition; in ISE it would never match, without a word",
            )
        else:
            condition = _condition(table, key, attribute, value, servers)
            if condition:
                yield condition


def _condition(table: Table, key: str, attribute: Attribute, value: Any, servers: Sequence[Server]) -> Condition | None:
    negated, operator = False, Operator.EQUALS
    if isinstance(value, dict) and list(value) == ["not"]:
        negated, value = True, value["not"]
    if isinstance(value, dict):
        names = [op.value for op in Operator]
        if len(value) != 1 or next(iter(value)) not in names:
            table.problem(ConfigCode.DOES_NOT_FIT, key, f"{shown(value)} is no comparison", _COMPARISON)
            return None
        operator, value = Operator(next(iter(value))), next(iter(value.values()))
    operands = value if isinstance(value, list) else [value]
    if not operands or not all(isinstance(item, str | int | bool) for item in operands):
        table.problem(ConfigCode.DOES_NOT_FIT, key, f"{shown(value)} is no comparison", _COMPARISON)
        return None
    texts = [str(item) for item in operands]
    if attribute.type is ValueType.CHOICE and operator is Operator.EQUALS:
        texts = _choices(table, key, attribute, texts)
    if attribute.name == dictionary.SERVER_NAME and operator is Operator.EQUALS:
        _check_servers(table, key, texts, servers)
    if attribute.type is ValueType.DURATION and operator not in (Operator.AT_LEAST, Operator.AT_MOST):
        allowed = 'at_least or at_most, like { at_most = "1h" }'
        hint = "compare it with a longest or a shortest time"
        table.problem(ConfigCode.DOES_NOT_FIT, key, f"{operator.value} makes no sense for a duration", allowed, hint)
        return None
    return _compile(table, key, attribute, operator, texts, negated)


def _choices(table: Table, key: str, attribute: Attribute, texts: list[str]) -> list[str]:
    known = {choice.lower(): choice for choice in attribute.choices}
    for text in texts:
        if text.lower() not in known:
            what, hint = f"{text!r} is no value of {attribute.name}", meant(text, attribute.choices)
            table.problem(ConfigCode.UNKNOWN_VALUE, key, what, " or ".join(attribute.choices), hint)
    return [known.get(text.lower(), text) for text in texts]


def _check_servers(table: Table, key: str, texts: list[str], servers: Sequence[Server]) -> None:
    names = [server.name for server in servers]
    for text in texts:
        if text not in names:
            what, hint = f"{text!r} is no MDM server", meant(text, names)
            table.problem(ConfigCode.UNKNOWN_REFERENCE, key, what, ", ".join(names), hint)


def _compile(
    table: Table, key: str, attribute: Attribute, operator: Operator, texts: list[str], negated: bool
) -> Condition | None:
    networks: list[Network] = []
    expressions: list[re.Pattern[str]] = []
    numbers: list[float] = []
    for text in texts:
        try:
            match operator:
                case Operator.CIDR:
                    networks.append(ipaddress.ip_network(text))
                case Operator.REGEX:
                    expressions.append(re.compile(text))
                case Operator.AT_LEAST | Operator.AT_MOST:
                    is_duration = attribute.type is ValueType.DURATION
                    numbers.append(durations.parse(text) if is_duration else float(text))
                case _:
                    pass
        except (ValueError, OverflowError, RecursionError, re.error) as error:
            what = f"{text!r} can't be used with {operator.value}: {error}"
            table.problem(ConfigCode.DOES_NOT_FIT, key, what, _ALLOWED_OPERANDS[operator])
            return None
    condition = Condition(
        attribute.name, operator, tuple(texts), negated, tuple(networks), tuple(expressions), tuple(numbers)
    )
    # Equality was compared with the choices before; here a misspelt prefix under `not` would hold for every device.
    if attribute.type is ValueType.CHOICE and operator is not Operator.EQUALS:
        plain = replace(condition, negated=False)
        fits = any(plain.holds((choice,)) for choice in attribute.choices)
        if not fits:
            what = f"{operator.value} {' or '.join(texts)} fits no value of {attribute.name}"
            table.problem(ConfigCode.UNKNOWN_VALUE, key, what, " or ".join(attribute.choices))
    return condition


_ALLOWED_OPERANDS = {
    Operator.CIDR: "a network with no host bits set, like 10.0.0.0/8 or 2001:db8::/32",
    Operator.REGEX: "a Python regular expression that matches the whole value",
    Operator.AT_LEAST: "a number, for MDM:RecordAge a duration with its unit",
    Operator.AT_MOST: "a number, for MDM:RecordAge a duration with its unit",
}
