"""`mdmctl decisions`."""

from __future__ import annotations

import argparse
import dataclasses

from ...operations.views.decisions import decisions
from ...operations.views.live import entry_of
from .. import filters, notes
from ..command import LIST_STATUS, Command, Exit
from ..context import Context
from ..show.listing import width_of
from ..show.log_columns import Layout, dated
from ..store_errors import store_needed

_USUAL_LIMIT = 100


def _arguments(parser: argparse.ArgumentParser) -> None:
    filters.add(parser, filters.OF_DECISIONS)
    filters.add_limit(parser, _USUAL_LIMIT, "how many, the newest ones")
    parser.add_argument("--advice", action="store_true", help="with what to do about each reject")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    now = context.wall()
    found = decisions(context.store_config(), filters.of_decisions(context, arguments, now), arguments.limit)
    if context.as_json:
        listed = [{"seq": each.seq, **dataclasses.asdict(each.decision)} for each in found.decisions]
        context.print_json({"decisions": listed, "more": found.more})
        return Exit.DONE
    entries = [entry_of(each) for each in found.decisions]
    layout = Layout(width_of(context.out), entries, dated=dated(entries, now), advice=arguments.advice)
    if not entries:
        notes.nothing(context, "decisions")
        return Exit.DONE
    context.out.print(layout.header())
    for entry in entries:
        for text in layout.lines(entry):
            text.rstrip()
            context.out.print(text)
    if found.more:
        notes.more(context, len(entries), "decisions")
    return Exit.DONE


COMMAND = Command(
    "decisions",
    "the decisions that are stored, newest first",
    _run,
    "Lists decisions, accepts and rejects alike, newest first, from the store; mdmd need not run.\n\n"
    "`!` behind the status: decided without an answer of the MDM server in time. `monitor`: let in to see what\n"
    "would be; the reason says what that is. `mdmctl show ID` takes the beginning of an id, as Details shows it.\n\n"
    f"{LIST_STATUS}",
    _arguments,
    (
        ("mdmctl decisions --outcome reject --since 2h", "who was kept out in the last two hours, and why"),
        ("mdmctl decisions --mac 00:50:56:a1:b2:c3 --limit 10", "the history of one endpoint"),
        ("mdmctl decisions --nas switch-12 --since 14:00 --until 15:00", "what a switch was told in that hour"),
        ("mdmctl decisions --code M1115 --json", "one kind of reason, as JSON"),
    ),
)
