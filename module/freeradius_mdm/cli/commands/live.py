"""`mdmctl live`."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from itertools import chain

from ...config.model import Service
from ...operations.codes import OperationCode
from ...operations.errors import OperationError
from ...operations.views.following import Arrival, Follower
from ...operations.views.live import Grouping
from ...operations.views.mdmd import ask
from .. import filters, notes
from ..command import LIST_STATUS, Command, Exit
from ..context import Context
from ..interrupts import Interrupts
from ..show.live_log import Drawing, JsonLines, Screen, Stream
from ..show.log_columns import day
from ..store_errors import store_needed

_BACKLOG = 20  # decisions
_PAUSE = 0.25  # seconds between looks at the store
_ASK_MDMD = 5.0  # seconds between questions whether mdmd runs
_ANSWER = 0.5  # seconds that mdmd has for an answer


def _arguments(parser: argparse.ArgumentParser) -> None:
    filters.add(parser, filters.OF_DECISIONS)
    filters.add_limit(parser, _BACKLOG, "how many decisions of before to begin with, without --since and --all")
    parser.add_argument("--all", action="store_true", help="begin with every stored decision that is like that")
    parser.add_argument("--once", action="store_true", help="what is there now, and no more")
    parser.add_argument("--advice", action="store_true", help="with what to do about each reject")
    parser.add_argument(
        "--group",
        action="store_true",
        help="repetitions as one line with a count into a pipe too; a terminal has that anyway",
    )


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    if arguments.until is not None and not arguments.once:
        raise OperationError(
            OperationCode.WRONG_ARGUMENT,
            "--until has an end, following has none",
            allowed="--until together with --once",
            next="mdmctl decisions lists what was decided until then",
        )
    chosen = filters.of_decisions(context, arguments, context.wall())
    service = context.store_config().service
    follower = Follower(service.store_file, chosen)
    begin = _begin(follower, chosen.since, arguments)
    first = next(begin, ())  # a store that can't be read is told before anything is drawn
    with Interrupts() as interrupts, _drawing(context, arguments) as drawing:
        shown = 0
        for arrivals in chain([first], begin):
            drawing.show(arrivals)
            shown += len(arrivals)
            if interrupts.stopped:
                return Exit.DONE
        if not arguments.once:
            _follow(follower, drawing, service, interrupts)
    if arguments.once and not shown:
        notes.nothing(context, "decisions")
    return Exit.DONE


def _begin(follower: Follower, since: float | None, arguments: argparse.Namespace) -> Iterator[tuple[Arrival, ...]]:
    if since is None and not arguments.all:
        return iter([follower.newest(arguments.limit)])
    return follower.since(since or 0.0)


def _drawing(context: Context, arguments: argparse.Namespace) -> Drawing:
    in_place = context.out.is_terminal and not context.out.is_dumb_terminal and not context.as_json
    grouping = Grouping() if arguments.group or in_place else None
    if context.as_json:
        return JsonLines(sys.stdout, context.err, grouping)
    if in_place and not arguments.once:
        return Screen(context.out, Grouping(), day(context.wall()), advice=arguments.advice)
    return Stream(context.out, context.err, grouping, advice=arguments.advice)


def _follow(follower: Follower, drawing: Drawing, service: Service, interrupts: Interrupts) -> None:
    """Until a signal comes."""
    pause, asked_at, silent = 0.0, -math.inf, ""
    while not interrupts.wait(pause):
        news = follower.news()
        if news.arrivals:
            drawing.show(news.arrivals)
        if time.monotonic() - asked_at >= _ASK_MDMD:
            trouble = ask(service, _ANSWER).trouble
            silent = f"{trouble}; what radiusd decides is shown once it runs" if trouble else ""
            asked_at = time.monotonic()
        drawing.notice(news.trouble or silent)
        pause = 0.0 if news.more else _PAUSE


COMMAND = Command(
    "live",
    "the live log: decisions as they are made",
    _run,
    "Shows the last decisions and then those that come in, accepts and rejects alike, until Ctrl-C. On a terminal,\n"
    "repetitions (the same outcome for the same endpoint on the same port of the same network device within 24 hours)\n"
    "are one line with a count, in the column #, and a narrow terminal leaves out what matters least. Into a pipe\n"
    "goes one line for each decision with every column; --json gives one JSON object a line.\n\n"
    "`!` behind the status: decided without an answer of the MDM server in time. `monitor`: let in to see what\n"
    "would be; the reason says what that is. `mdmctl show ID` takes the beginning of an id, as Details shows it.\n\n"
    f"{LIST_STATUS}",
    _arguments,
    (
        ("mdmctl live", "follow everything"),
        ("mdmctl live --outcome reject --advice", "follow who is kept out, with what to do"),
        ("mdmctl live --since 10m --once", "the last ten minutes"),
        ("mdmctl live --nas switch-12 --json | jq .reason", "what a switch is told, for a program"),
    ),
)
