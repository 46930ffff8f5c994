"""`mdmctl rules`."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from ...config.model import Mode
from ...operations.views.rules import RuleRow, rules
from ...store.retention import KEEP_DECISIONS
from ..command import Command, Exit
from ..context import Context
from ..show import colours
from ..show.listing import Column, show
from ..show.times import ago, duration
from ..store_errors import store_needed

_COLUMNS = (
    Column("No.#", 3),
    Column("Rule"),
    Column("Conditions", folds=True),
    Column("Profile", 1),
    Column("Mode", 4, optional=True),
    Column("Hits#"),
    Column("Last Hit", 2),
)


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    found, now = rules(context.config()), context.wall()
    if context.as_json:
        context.print_json(dataclasses.asdict(found))
        return Exit.DONE
    default = found.default
    monitored = found.mode is Mode.MONITOR
    rows = [_row(rule, now, monitored=monitored) for rule in found.rules]
    last = ("", "(no rule matches)", "", default.profile, "", str(default.hits), _last(default.last_hit, now))
    show(context.out, _COLUMNS, [*rows, last])
    if found.former:
        columns = (Column("Rule"), Column("Hits#"), Column("Last Hit"))
        former = [(each.name, str(each.hits), _last(each.last_hit, now)) for each in found.former]
        context.out.print()
        show(context.out, columns, former, title="No longer in the policy")
    context.err.print(
        Text(f"hits without a rule are of the last {duration(KEEP_DECISIONS)}, as decisions are", style=colours.DIM)
    )
    return Exit.DONE


def _row(rule: RuleRow, now: float, *, monitored: bool) -> tuple[str | Text, ...]:
    return (
        str(rule.number),
        rule.name,
        rule.conditions,
        rule.profile,
        Text("monitor", style=colours.WARNING) if rule.monitor or monitored else "",
        str(rule.hits) if rule.hits else Text("0", style=colours.DIM),
        _last(rule.last_hit, now),
    )


def _last(at: float | None, now: float) -> str:
    return ago(at, now) if at else "never"


COMMAND = Command(
    "rules",
    "the policy's rules in their order, with how often each has matched",
    _run,
    "Lists the rules of mdm.toml as they are evaluated, the first that matches wins, and what applies when none does.\n"
    "Hits are counted since the store was made; in monitor mode a hit is what would have been enforced.\n\n"
    "Exit status: 0; 3 when mdm.toml is missing or faulty; 4 when the store can't be read.",
    examples=(("mdmctl rules", "which rules never match"),),
)
