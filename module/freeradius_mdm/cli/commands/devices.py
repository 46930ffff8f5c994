"""`mdmctl devices`."""

from __future__ import annotations

import argparse
import dataclasses

from rich.text import Text

from ...operations.faulty import FaultyConfig
from ...operations.views import known
from ...operations.views.devices import Device, DeviceFilter, DeviceState, devices
from .. import filters, notes
from ..command import LIST_STATUS, Command, Exit
from ..context import Context
from ..show import colours
from ..show.listing import Column, show
from ..show.table import safe
from ..show.texts import mac
from ..show.times import ago, clock, duration
from ..store_errors import store_needed

_USUAL_LIMIT = 100
_COLUMNS = (
    Column("Identity"),
    Column("Kind", 9),
    Column("MDM Server", 8),
    Column("State"),
    Column("Registration", 13),
    Column("Compliance", 12),
    Column("Managed", 10),
    Column("Age", 1),
    Column("Due", 6),
    Column("User", 2),
    Column("NAS", 4),
    Column("Profile", 3),
    Column("Last Seen", 5),
    Column("Sessions#", 7),
    Column("Exemption", 2, folds=True, optional=True),
    Column("Last Failure", 11, folds=True, optional=True),
)

_STYLES = {
    DeviceState.COMPLIANT: colours.GOOD,
    DeviceState.NONCOMPLIANT: colours.BAD,
    DeviceState.UNREGISTERED: colours.WARNING,
    DeviceState.UNKNOWN: colours.WARNING,
}


def _arguments(parser: argparse.ArgumentParser) -> None:
    states = tuple(state.value for state in DeviceState)
    parser.add_argument("--state", choices=states, metavar="STATE", help=f"{', '.join(states[:-1])} or {states[-1]}")
    filters.add(parser, ("mac", "identity", "server", "user"))
    filters.add_limit(parser, _USUAL_LIMIT, "how many, those seen last")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    config, now = context.store_config(), context.wall()
    if arguments.state == DeviceState.DUE and isinstance(config, FaultyConfig):
        context.config()  # when a record is due is said there alone
    chosen = DeviceFilter(
        state=None if arguments.state is None else DeviceState(arguments.state),
        mac=known.check_mac(arguments.mac),
        identity=known.check_identity(arguments.identity),
        server=known.check_server(arguments.server, config),
        user=arguments.user,
    )
    found = devices(config, chosen, arguments.limit, now)
    if context.as_json:
        listed = [dataclasses.asdict(each) for each in found.devices]
        context.print_json({"devices": listed, "total": found.total})
        return Exit.DONE
    if not found.devices:
        notes.nothing(context, "endpoints")
        return Exit.DONE
    notes.left_out(context, show(context.out, _COLUMNS, [_row(each, now) for each in found.devices]))
    if len(found.devices) < found.total:
        notes.more(context, len(found.devices), "endpoints", found.total)
    return Exit.DONE


def _row(device: Device, now: float) -> tuple[str | Text, ...]:
    last, exemption = device.last, device.exemption
    return (
        mac(device.value),
        device.kind,
        device.server,
        Text(device.state.value, style=_STYLES[device.state]),
        device.registration or "never answered",
        device.compliance,
        device.managed,
        duration(device.age) if device.age is not None else "",
        Text("due", style=colours.WARNING) if device.due else ago(device.due_at, now),
        last.user if last else "",
        (last.nas_name or last.nas_address) if last else "",
        last.profile if last else "",
        clock(last.at, now) if last else "",
        str(device.sessions),
        Text(safe(f"{exemption.profile} until {clock(exemption.until, now)}"), style=colours.WARNING)
        if exemption
        else "",
        " ".join(filter(None, (clock(device.failed_at, now), device.failure))),
    )


COMMAND = Command(
    "devices",
    "the endpoints, and what their MDM server says of each",
    _run,
    "Lists the endpoints that an MDM server was asked about, or that have a live session, the one decided about last\n"
    "first, from the store; mdmd need not run. User, network device and profile are of the newest decision.\n\n"
    "`--state due` gives those whose record has to be renewed before it is used again, whatever it says.\n\n"
    f"{LIST_STATUS}",
    _arguments,
    (
        ("mdmctl devices --state noncompliant", "the devices that are not compliant"),
        ("mdmctl devices --mac 00:50:56:a1:b2:c3", "the devices that this address was seen with"),
        ("mdmctl devices --user host/laptop-17 --json", "what is known of a user's devices"),
    ),
)
