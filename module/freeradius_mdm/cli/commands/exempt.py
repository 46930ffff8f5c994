"""`mdmctl exempt ID ...`, `mdmctl exempt list`, `mdmctl exempt end ID`."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from rich.text import Text

from ...operations.faulty import FaultyConfig
from ...store.exemptions import ExemptionState, ListedExemption, exemption_values
from .. import notes
from ..author import author_of
from ..command import Command, Exit
from ..context import Context
from ..show import colours, orders
from ..show.facts import fact
from ..show.listing import Column, show
from ..show.times import ago, clock, duration, moment
from ..store_errors import store_needed

_DESCRIPTION = """\
Gives one endpoint an authorization profile until a moment, whatever its compliance is and the rules say; a profile that
rejects is how an endpoint is blocked. Identification comes first: what is refused there stays refused, and an exemption
of a MAC is for an endpoint that is identified by its MAC. Every decision that it touches names it. When it is made, is
ended or is over, the network devices that the endpoint has sessions on are told, and on several nodes it counts on all
of them. A new exemption takes the place of an earlier one of the same endpoint. mdmd has to run, but for `list`.

  mdmctl exempt ID --until WHEN --profile NAME --reason TEXT [--author NAME]
  mdmctl exempt list [--all]
  mdmctl exempt end EXEMPTION --reason TEXT [--author NAME]

ID is a device id (GUID), a MAC, a user name, the id of a session or of a decision, or SERVER/KIND/VALUE. WHEN is a
duration (8h, 2d), a day (2026-12-01, to its end) or a moment ("2026-12-01 18:00") in this zone, 90 days off at most.

Exit status: 0 when it was done; 1 when it can't be, a MAC that identifies nothing for instance; 2 when a value is
wrong; 4 when mdmd does not run; 5 when nothing is called that."""
_COLUMNS = (
    Column("Exemption"),
    Column("State", 1),
    Column("Endpoint"),
    Column("Profile"),
    Column("Until"),
    Column("Left", 4, optional=True),
    Column("By", 3),
    Column("Reason", 2, folds=True),
    Column("Ended", 5, folds=True, optional=True),
)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID|list|end", help="a device, by whatever is known of it; or what to do")
    parser.add_argument("exemption", metavar="EXEMPTION", nargs="?", default="", help="the exemption to end")
    parser.add_argument("--until", metavar="WHEN", help="when it is over")
    parser.add_argument("--profile", metavar="NAME", help="the authorization profile that the endpoint is given")
    parser.add_argument("--reason", metavar="TEXT", help="why, for whoever reads a decision later")
    parser.add_argument("--author", default="", metavar="NAME", help="who wants it, kept beside who ran the command")
    parser.add_argument("--all", action="store_true", dest="every", help="list those too that are over")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    if arguments.id not in ("list", "end") and not arguments.profile:
        _without_profile(context)
    if arguments.id == "list":
        _only(arguments, "list")
        return _list(context, every=arguments.every)
    if arguments.id == "end":
        _only(arguments, "end", "exemption", "reason")
        return _end(context, arguments)
    _only(arguments, "ID", "until", "reason", "profile")
    return _make(context, arguments)


def _without_profile(context: Context) -> NoReturn:
    from ...operations.codes import OperationCode
    from ...operations.errors import OperationError

    raise OperationError(
        OperationCode.WRONG_ARGUMENT,
        "--profile is missing: an exemption names what it gives",
        allowed=", ".join(context.store_config().profiles),
        next="mdmctl exempt ID --until 2d --profile NAME --reason TEXT",
    )


def _only(arguments: argparse.Namespace, what: str, *needed: str) -> None:
    """Every form takes its own arguments, all of them. Raises OperationError."""
    from ...operations.codes import OperationCode
    from ...operations.errors import OperationError

    names = {"exemption": "EXEMPTION", "until": "--until", "profile": "--profile", "reason": "--reason"}
    missing = [names[name] for name in needed if not getattr(arguments, name)]
    odd = [shown for name, shown in names.items() if name not in needed and getattr(arguments, name)]
    odd += ["--all"] if arguments.every and what != "list" else []
    if not missing and not odd:
        return
    said = f"{', '.join(missing)} is missing" if missing else f"{', '.join(odd)} does not belong there"
    allowed = " ".join([f"mdmctl exempt {what}", *(name if name.isupper() else f"{name} ..." for name in
                        (names[each] for each in needed))])  # fmt: skip
    raise OperationError(OperationCode.WRONG_ARGUMENT, said, allowed=allowed, next="mdmctl exempt --help")


def _make(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.control import Control
    from ...operations.endpoints import Endpoints
    from ...operations.exemptions import check_words, until
    from ...operations.views import known

    config, now = context.store_config(), context.wall()
    at = until(arguments.until, now)
    known.check_profile_given(arguments.profile, config)
    check_words(arguments.reason, arguments.author)
    meant = Endpoints(config).endpoint(arguments.id)
    control = Control(config.service, author_of(arguments.author))
    made = control.exempt(meant.key, arguments.profile, at, arguments.reason)
    if context.as_json:
        context.print_json(made)
        return Exit.DONE
    fact(context.out, "endpoint", [f"{meant.key} ({meant.how})"])
    fact(context.out, "exemption", [f"{made['id']} by {made['author']}: {made['reason']}"])
    fact(context.out, "profile", [made["profile"]])
    fact(context.out, "until", [f"{moment(made['until'])}, {ago(made['until'], now)}"])
    fact(context.out, "sessions", orders.sessions(made["sessions"]))
    return Exit.DONE


def _end(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.control import Control
    from ...operations.exemptions import check_words

    config = context.store_config()
    check_words(arguments.reason, arguments.author)
    control = Control(config.service, author_of(arguments.author))
    ended: dict[str, Any] = control.end_exemption(arguments.exemption, arguments.reason)
    if context.as_json:
        context.print_json(ended)
        return Exit.DONE
    fact(context.out, "exemption", [f"{ended['id']} is ended by {ended['ended_by']}: {ended['end_reason']}"])
    fact(context.out, "sessions", orders.sessions(ended["sessions"]))
    return Exit.DONE


def _list(context: Context, *, every: bool) -> Exit:
    from ...operations.exemptions import listed

    config, now = context.store_config(), context.wall()
    found = listed(config, now, every=every)
    if context.as_json:
        context.print_json({"exemptions": [exemption_values(each.exemption, each.state) for each in found]})
        return Exit.DONE
    if not found:
        notes.nothing(context, "exemptions")
        return Exit.DONE
    believed = isinstance(config, FaultyConfig)  # whether mdmd has the profile can't be said
    rows = [_row(each, now, known=believed or each.exemption.profile in config.profiles) for each in found]
    notes.left_out(context, show(context.out, _COLUMNS, rows))
    return Exit.DONE


def _row(listed: ListedExemption, now: float, *, known: bool) -> tuple[str | Text, ...]:
    one, in_force = listed.exemption, listed.state is ExemptionState.IN_FORCE
    style = colours.DIM if not in_force else colours.GOOD if known else colours.WARNING
    ended = f"{clock(one.ended_at, now)} by {one.ended_by}: {one.end_reason}" if one.ended_at is not None else ""
    return (
        one.id,
        Text(listed.state if known or not in_force else "ignored: no such profile", style=style),
        str(one.key),
        one.profile,
        clock(one.until, now),
        duration(one.until - now) if in_force else "",
        one.author,
        one.reason,
        ended,
    )


COMMAND = Command(
    "exempt",
    "give one endpoint an authorization profile for a while",
    _run,
    _DESCRIPTION,
    _arguments,
    (
        (
            'mdmctl exempt 00:50:56:a1:b2:c3 --until 2d --profile Employee --reason "replacement ordered"',
            "let that device in for two days, compliant or not",
        ),
        (
            "mdmctl exempt 6c2f1a4e-9b3d-4e57-8a10-5f7c3b2d9e81 --until 2026-12-01 --profile Reject --reason stolen",
            "block a device until the end of that day",
        ),
        ("mdmctl exempt list --all", "every exemption there was, with who made it and why"),
        ('mdmctl exempt end 0a1b2c3d4e5f --reason "device replaced"', "end one before its time"),
    ),
)
