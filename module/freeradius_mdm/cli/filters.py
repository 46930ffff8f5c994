"""Filters of the lists and of the live log: the same name means the same everywhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from ..decision import Outcome
from ..operations.codes import OperationCode
from ..operations.errors import OperationError
from ..operations.views import known
from ..store.query import DecisionFilter
from . import moments
from .context import Context

LARGEST_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class _Option:
    metavar: str
    help: str
    choices: tuple[str, ...] | None = None


_OPTIONS = {
    "outcome": _Option("OUTCOME", "accept or reject", tuple(each.value for each in Outcome)),
    "mac": _Option("MAC", "the endpoint's MAC address, in any notation"),
    "identity": _Option("ID", "the device id or MAC address that the MDM server is asked about"),
    "user": _Option("NAME", "User-Name, as a whole"),
    "nas": _Option("NAS", "the network device: address, short name in FreeRADIUS, or NAS-IP-Address"),
    "server": _Option("NAME", "the MDM server"),
    "rule": _Option("NAME", "the rule that matched"),
    "profile": _Option("NAME", "the authorization profile"),
    "code": _Option("CODE", "the code of the reason, M1305, or its beginning, M13"),
    "since": _Option("WHEN", "at or after: 90s, 10m, 2h ago; 14:00; 2026-11-23; '2026-11-23 14:00'"),
    "until": _Option("WHEN", "before that moment"),
}
OF_DECISIONS = tuple(_OPTIONS)


def add(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """The options of these names."""
    group = parser.add_argument_group("filters", "Several restrict each other; what has no filter is not restricted.")
    for name in names:
        option = _OPTIONS[name]
        group.add_argument(f"--{name}", metavar=option.metavar, choices=option.choices, help=option.help)


def add_limit(parser: argparse.ArgumentParser, usual: int, what: str) -> None:
    """--limit."""
    parser.add_argument("--limit", type=_limit, default=usual, metavar="N", help=f"{what} (default: %(default)s)")


def of_decisions(context: Context, arguments: argparse.Namespace, now: float) -> DecisionFilter:
    """What OF_DECISIONS gave. Raises OperationError that names what is allowed."""
    config = context.store_config()
    since = None if arguments.since is None else moments.parse(arguments.since, now)
    until = None if arguments.until is None else moments.parse(arguments.until, now)
    if since is not None and until is not None and since >= until:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            f"--since {arguments.since} is not before --until {arguments.until}",
            allowed=f"two moments, the earlier one for --since; each is {moments.ALLOWED}",
            next="exchange them, or leave one out",
        )
    return DecisionFilter(
        outcome=arguments.outcome,
        user=arguments.user,
        mac=known.check_mac(arguments.mac),
        identity=known.check_identity(arguments.identity),
        nas=arguments.nas,
        server=known.check_server(arguments.server, config),
        rule=known.check_rule(arguments.rule, config),
        profile=known.check_profile(arguments.profile, config),
        reason_code=known.check_code(arguments.code),
        since=since,
        until=until,
    )


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LARGEST_LIMIT:
        return int(text)
    raise OperationError(
        OperationCode.WRONG_ARGUMENT,
        f"--limit {text!r} is no limit",
        allowed=f"1 to {LARGEST_LIMIT}",
        next="leave it out for the usual one; --help says which one that is",
    )
