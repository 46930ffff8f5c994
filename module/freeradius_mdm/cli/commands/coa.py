"""`mdmctl coa`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ... import durations
from ...coa.family import Action
from ...store.coa_orders import OrderState
from ..author import author_of
from ..command import Command, Exit
from ..context import Context
from ..show import orders
from ..show.facts import fact
from ..show.texts import mac
from ..store_errors import store_needed

_ACTIONS = tuple(each.value for each in (Action.REAUTHENTICATE, Action.DISCONNECT, Action.PUSH, Action.BOUNCE))
_LOOK = 0.25  # seconds between looks at the order
_DESCRIPTION = """\
Has mdmd order the network device of one live session to reauthenticate it, to end it, to take what the policy gives it
now, or to bounce its port, and follows the order to its end. Without --action it is what is usual for the vendor
family. It is done once, and not tried for longer than five minutes. mdmd has to run.

SESSION is the id of a live session, an Acct-Session-Id, or the MAC, device id or user that has one.

Exit status: 0 when the device did it, or would have been told in a dry run; 1 when it did not, or not within --wait;
2 when a value is wrong; 4 when mdmd does not run; 5 when there is no such session."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar="SESSION", help="a live session, by whatever is known of it")
    parser.add_argument("--action", choices=_ACTIONS, default="", metavar="ACTION", help=", ".join(_ACTIONS))
    parser.add_argument("--wait", default="3m", metavar="DURATION", help="how long to follow it (default: %(default)s)")
    parser.add_argument("--no-wait", action="store_true", help="end when the order is stored")
    parser.add_argument("--author", default="", metavar="NAME", help="who wants it, kept beside who ran the command")


@store_needed()
def _run(context: Context, arguments: argparse.Namespace) -> Exit:
    from ...operations.codes import OperationCode
    from ...operations.control import Control
    from ...operations.endpoints import Endpoints
    from ...operations.errors import OperationError
    from ...operations.exemptions import check_author

    try:
        wait = durations.parse(arguments.wait)
    except ValueError as error:
        what, next_ = f"--wait: {error}", "write it with its unit, 3m for three minutes; --no-wait follows nothing"
        raise OperationError(OperationCode.WRONG_ARGUMENT, what, allowed=durations.ALLOWED, next=next_) from None
    check_author(arguments.author)
    config = context.store_config()
    session = Endpoints(config).session(arguments.session)
    control = Control(config.service, author_of(arguments.author))
    order = control.coa(session.id, arguments.action)
    if not context.as_json:
        who = mac(session.mac) or session.user
        where = session.nas_name or session.nas
        fact(context.out, "session", [f"{session.id} of {who} on {where}, profile {session.profile}"])
        fact(context.out, "order", [f"{order['id']}, {order['reason']}"])
    if not arguments.no_wait:
        order = _followed(context, control, order, wait)
    if context.as_json:
        context.print_json(order)
    elif arguments.no_wait:
        context.out.print("mdmd carries it out; mdmctl sessions shows what comes of it")
        return Exit.DONE
    return _end(context, order, arguments.wait)


def _followed(context: Context, control: Any, order: dict[str, Any], wait: float) -> dict[str, Any]:
    """Each state on the terminal's error output, as it comes."""
    deadline, shown = time.monotonic() + wait, ""
    while True:
        told = f"{order['state']} after {order['attempts']} attempts: {orders.line(order).plain}"
        if told != shown and order["state"] != OrderState.PLANNED and not order["settled"]:
            context.err.print(orders.line(order))
        shown = told
        left = deadline - time.monotonic()
        if order["settled"] or left <= 0:
            return order
        time.sleep(min(_LOOK, left))
        order = control.order(order["id"])


def _end(context: Context, order: dict[str, Any], wait: str) -> Exit:
    if not context.as_json:
        fact(context.out, "result", [orders.line(order)])
        if order["state"] == OrderState.DRY_RUN:
            fact(context.out, "would be sent", order["attributes"])
    if order["settled"]:
        return orders.exit_of(order)
    context.err.print(f"not at its end after {wait}; mdmd goes on with it for five minutes, see mdmctl sessions")
    return Exit.FAILED


COMMAND = Command(
    "coa",
    "have a network device reauthenticate, end or change a session",
    _run,
    _DESCRIPTION,
    _arguments,
    (
        ("mdmctl coa 00:50:56:a1:b2:c3", "have the device behind that MAC sign in again"),
        ("mdmctl coa 5f0c1a2b --action disconnect", "end the session whose id begins so"),
    ),
)
