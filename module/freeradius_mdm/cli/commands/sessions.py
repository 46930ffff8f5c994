"""`mdmctl sessions`."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from ...config.model import Config
from ...operations.views import known
from ...operations.views.sessions import SessionRow, counts, sessions
from ...sessions.model import SessionState
from ...store.session_overview import GroupBy
from ...store.sessions import LIVE, SessionFilter
from .. import filters, notes
from ..command import LIST_STATUS, Command, Exit
from ..context import Context
from ..show import colours
from ..show.listing import Column, show
from ..show.texts import mac, short
from ..show.times import ago, clock, duration
from ..store_errors import store_needed

_USUAL_LIMIT = 100
_ALL = "all"
_STATES = (LIVE, *(state.value for state in SessionState), _ALL)
_GROUPS = tuple(each.value for each in GroupBy)
_COLUMNS = (
    Column("Session", 2),
    Column("State", 8),
    Column("Endpoint"),
    Column("User", 1),
    Column("NAS", 1),
    Column("Port", 5),
    Column("Access", 9),
    Column("IP Address", 10),
    Column("Rule", 4),
    Column("Profile", 2),
    Column("Since", 6),
    Column("Timer Left", 3),
    Column("Last CoA", 7, folds=True, optional=True),
)
_NAMES = {GroupBy.DEVICE: "Endpoint", GroupBy.NAS: "NAS", GroupBy.RULE: "Rule", GroupBy.PROFILE: "Profile"}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        choices=_STATES,
        default=LIVE,
        metavar="STATE",
        help=f"{', '.join(_STATES[:-1])} or {_ALL} (default: %(default)s, which is authorized or started)",
    )
    filters.add(parser, ("mac", "identity", "user", "nas", "server", "rule", "profile"))
    filters.add_limit(parser, _USUAL_LIMIT, "how many, those heard of last")
    parser.add_argument(
        "--by",
        choices=_GROUPS,
        metavar="WHAT",
        help=f"count them by {', '.join(_GROUPS[:-1])} or {_GROUPS[-1]}",
    )


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    config, now = context.store_config(), context.wall()
    chosen = _filter(config, arguments)
    if arguments.by is not None:
        return _count(context, config, chosen, GroupBy(arguments.by), arguments.limit, now)
    found = sessions(config, chosen, arguments.limit, now)
    if context.as_json:
        listed = [_json(each) for each in found.sessions]
        context.print_json({"sessions": listed, "more": found.more})
        return Exit.DONE
    if not found.sessions:
        notes.nothing(context, "sessions")
        return Exit.DONE
    notes.left_out(context, show(context.out, _COLUMNS, [_row(each, now) for each in found.sessions]))
    if found.more:
        notes.more(context, len(found.sessions), "sessions")
    return Exit.DONE


def _filter(config: Config, arguments: argparse.Namespace) -> SessionFilter:
    return SessionFilter(
        mac=known.check_mac(arguments.mac),
        identity=known.check_identity(arguments.identity),
        user=arguments.user,
        nas=arguments.nas,
        rule=known.check_rule(arguments.rule, config),
        profile=known.check_profile(arguments.profile, config),
        server=known.check_server(arguments.server, config),
        state=None if arguments.state == _ALL else arguments.state,
    )


def _count(context: Context, config: Config, chosen: SessionFilter, by: GroupBy, limit: int, now: float) -> Exit:
    found = counts(config, chosen, by)
    if context.as_json:
        context.print_json({"by": by.value, "counts": [dataclasses.asdict(each) for each in found[:limit]]})
        return Exit.DONE
    if not found:
        notes.nothing(context, "sessions")
        return Exit.DONE
    columns = (Column(_NAMES[by]), Column("Sessions#"), Column("Oldest", 1), Column("Newest", 1))
    rows = [
        (mac(each.name) or "(none)", str(each.sessions), ago(each.oldest, now), ago(each.newest, now))
        for each in found[:limit]
    ]
    show(context.out, columns, rows)
    if len(found) > limit:
        notes.more(context, limit, "groups", len(found))
    return Exit.DONE


def _json(row: SessionRow) -> dict[str, object]:
    order = None if row.order is None else dataclasses.asdict(row.order)
    return {**dataclasses.asdict(row.session), "timer_left": row.timer_left, "order": order}


def _row(row: SessionRow, now: float) -> tuple[str | Text, ...]:
    session = row.session
    state = session.state.value if session.live else f"{session.state.value}: {session.end_cause}"
    return (
        short(session.id),
        Text(state, style=colours.GOOD if session.state is SessionState.STARTED else colours.DIM),
        mac(session.mac or session.identity or session.calling_station),
        session.user,
        session.nas_name or session.nas_address or session.client,
        session.nas_port_id or session.nas_port,
        session.access,
        session.framed_ip or session.framed_ipv6,
        session.rule,
        session.profile,
        clock(session.authorized_at, now),
        _left(row),
        " ".join(filter(None, (row.coa, ago(row.coa_at, now)))),
    )


def _left(row: SessionRow) -> str | Text:
    if row.timer_left is None:
        return ""
    if row.timer_left < 0:
        return Text(f"over since {duration(-row.timer_left)}", style=colours.WARNING)
    return duration(row.timer_left)


COMMAND = Command(
    "sessions",
    "the sessions of endpoints, and what the network devices were told last",
    _run,
    "Lists sessions, the one heard of last first, from the store; mdmd need not run. A session is authorized once an\n"
    "Access-Accept went out, started once accounting confirmed it.\n\n"
    f"{LIST_STATUS}",
    _arguments,
    (
        ("mdmctl sessions --profile Quarantine", "who is in quarantine now"),
        ("mdmctl sessions --by nas", "how many sessions each network device has"),
        ("mdmctl sessions --state ended --mac 00:50:56:a1:b2:c3", "the former sessions of one endpoint"),
    ),
)
