"""`mdmctl servers`."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from ...operations.views.mdmd import ask
from ...operations.views.servers import EXPECTED_MS, FELT_MS, ServerRow, ServerState, Waiting, servers
from ..command import Command, Exit
from ..context import Context
from ..show import colours
from ..show.listing import Column, show
from ..show.table import safe
from ..show.times import ago, duration
from ..store_errors import store_needed

_COLUMNS = (
    Column("Name"),
    Column("State"),
    Column("Cloud", 9),
    Column("Tenant", 7, folds=True),
    Column("Last Answer", 1),
    Column("Waited p50", 3),
    Column("p99", 3),
    Column("Endpoints#", 2),
    Column("Due#", 4),
    Column("Failing#", 4),
    Column("In Line#", 8),
    Column("Next Poll", 6),
    Column("Last Failure", 5, folds=True, optional=True),
)

_STYLES = {
    ServerState.REACHABLE: colours.GOOD,
    ServerState.UNREACHABLE: colours.BAD,
    ServerState.DISABLED: colours.DIM,
}


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    config, now = context.config(), context.wall()
    found = servers(config, ask(config.service), now)
    if context.as_json:
        context.print_json(dataclasses.asdict(found))
        return Exit.DONE
    notes = show(context.out, _COLUMNS, [_row(each, now) for each in found.servers])
    for each in found.former:
        context.out.print(
            Text(safe(f"{each.server}: no longer in the configuration, {each.records} endpoints"), style=colours.DIM)
        )
    if found.trouble:
        context.err.print(Text(safe(f"{found.trouble}; shown is what the store knows"), style=colours.WARNING))
    dim = [f"waited: by authentications; {EXPECTED_MS:.0f} ms are expected, {FELT_MS:.0f} ms are felt"]
    dim += [f"too narrow for {', '.join(notes)}; --json has everything"] if notes else []
    for line in dim:
        context.err.print(Text(line, style=colours.DIM))
    return Exit.DONE


def _row(row: ServerRow, now: float) -> tuple[str | Text, ...]:
    live = row.live
    state = row.state.value
    if live is not None and row.state is ServerState.UNREACHABLE:
        state += f", asked again in {duration(live.next_probe_in)}"
    return (
        row.name,
        Text(state, style=_STYLES.get(row.state, colours.WARNING)),
        row.cloud,
        row.tenant,
        ago(row.last_answer, now) or "never",
        _waited(row.waiting.p50_ms),
        _waited(row.waiting.p99_ms, row.waiting),
        str(row.records),
        str(row.due),
        str(row.failing),
        "" if live is None else str(live.in_flight + (live.backlog or 0)),
        _poll(row, now),
        " ".join(filter(None, (row.failure, f"({ago(row.last_failure, now)})" if row.last_failure else ""))),
    )


def _waited(ms: float | None, waiting: Waiting | None = None) -> str | Text:
    given_up = f", {waiting.given_up} in vain" if waiting and waiting.given_up else ""
    if ms is None:
        return given_up.removeprefix(", ")
    style = colours.GOOD if ms <= EXPECTED_MS else colours.WARNING if ms <= FELT_MS else colours.BAD
    return Text(f"{ms:.0f} ms{given_up}", style=style)


def _poll(row: ServerRow, now: float) -> str:
    if not row.polling_interval:
        return "off"
    if row.live is None or row.live.next_sweep is None:
        return f"every {duration(row.polling_interval)}"
    return ago(row.live.next_sweep, now)


COMMAND = Command(
    "servers",
    "the MDM servers: reachable or not, how fast, what is due",
    _run,
    "Lists the MDM servers of mdm.toml. While mdmd runs, it says whether each can be reached, what stands in line and\n"
    "when it is polled next; the rest is from the store.\n\n"
    "Waited: how long authentications waited for an answer, among the newest 1000 decisions. Due: answers that have\n"
    "to be renewed before they are used again. Failing: endpoints whose last question failed.\n\n"
    "Exit status: 0; 3 when mdm.toml is missing or faulty; 4 when the store can't be read.",
    examples=(("mdmctl servers", "is Intune reachable?"), ("mdmctl servers --json", "for a monitoring system")),
)
