"""`mdmctl refresh`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from ...compliance import ComplianceRecord, EndpointKey
from ...operations.errors import OperationError
from ..command import Command, Exit
from ..context import Context
from ..show import orders
from ..show.facts import fact
from ..show.times import ago, moment
from ..store_errors import store_needed

_DESCRIPTION = """\
Has mdmd ask the MDM server about devices now, instead of when their records are due, and shows what was known of each
before and what is known after. When a record has changed, the network devices that its sessions are on are told, as
always; the order's id is shown. mdmd has to run.

ID is a device id (GUID), a MAC, a user name, the id of a session or of a decision, or SERVER/KIND/VALUE.

Exit status: 0 when every MDM server answered; 1 when one did not, or when several devices could be meant; 4 when mdmd
does not run; 5 when nothing is called that."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="+", help="a device, by whatever is known of it")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.control import Control
    from ...operations.endpoints import Endpoints, Meant
    from ...store.read import StoreReader

    config = context.store_config()
    endpoints, control, reader = Endpoints(config), Control(config.service), StoreReader(config.service.store_file)
    meant: dict[EndpointKey, Meant] = {}
    for found in map(endpoints.endpoint, arguments.id):
        meant.setdefault(found.key, found)
    done, told = Exit.DONE, []
    for each in meant.values():
        before = reader.record(each.key)
        if not context.as_json:
            fact(context.out, "endpoint", [f"{each.key} ({each.how})"])
            fact(context.out, "before", [_known(before, context.wall())])
        try:
            with context.err.status(f"{each.key.server} is asked ..."):
                after = control.refresh(each.key)
        except OperationError as error:
            if len(meant) == 1:
                raise
            context.err.print(str(error))
            done = Exit.FAILED
            told.append({"endpoint": str(each.key), "error": str(error)})
            continue
        told.append(after)
        if not context.as_json:
            fact(context.out, "now", [_answered(after, context.wall())])
            fact(context.out, "sessions", orders.sessions(after["sessions"]))
    reader.close()
    if context.as_json:
        context.print_json({"records": told})
    return done


def _known(record: ComplianceRecord | None, now: float) -> str:
    if record is None:
        return "never asked about"
    failure = f"; last failure {ago(record.failed_at, now)}: {record.failure}" if record.failure else ""
    if record.answer is None:
        return f"never answered{failure}"
    answer = record.answer
    said = f"{answer.registration}, {answer.compliance}, managed {answer.managed}"
    return f"{said}, answered {ago(record.answered_at, now)}{failure}"


def _answered(record: Mapping[str, Any], now: float) -> str:
    answer = record["answer"]
    said = f"{answer['registration']}, {answer['compliance']}, managed {answer['managed']}"
    return f"{said}, answered {ago(record['answered_at'], now)}, due {moment(record['due_at'])}"


COMMAND = Command(
    "refresh",
    "have the MDM server asked about devices now",
    _run,
    _DESCRIPTION,
    _arguments,
    (
        ("mdmctl refresh 00:50:56:a1:b2:c3", "the device behind that MAC, however it identifies itself"),
        ("mdmctl refresh alice@contoso.example", "the device of that user's session"),
    ),
)
