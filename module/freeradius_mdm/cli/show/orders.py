"""Orders to network devices, and what follows for the sessions of an endpoint, as mdmd tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text

from ...coa.family import Action
from ...codes import MEANINGS, Code
from ...sessions.model import SessionState
from ...store.coa_orders import OrderState
from ..command import Exit
from . import colours
from .table import safe
from .texts import mac, short

_CODES = frozenset(code.value for code in Code)


def line(order: Mapping[str, Any]) -> Text:
    """One line about how an order stands."""
    parts = [order["state"], order["action"] or order.get("asked") or "", order["code"], _detail(order)]
    told = ", ".join(safe(str(part)) for part in parts if part)
    return Text(told, style=_style(order))


def exit_of(order: Mapping[str, Any]) -> Exit:
    """DONE when what was asked for has happened, or would have been sent in a dry run."""
    if order["state"] == OrderState.ACKED and order["code"] == Code.COA_ACKNOWLEDGED:
        return Exit.DONE
    if order["state"] == OrderState.GONE and order["action"] == Action.DISCONNECT:
        return Exit.DONE
    return Exit.DONE if order["state"] == OrderState.DRY_RUN else Exit.FAILED


def sessions(found: Sequence[Mapping[str, Any]]) -> list[Text]:
    """A line for each session of an endpoint that is live or was so before: what it has, and the order about it."""
    if not found:
        return [Text("no live session on this node", style=colours.DIM)]
    return [_session(each) for each in found]


def _session(session: Mapping[str, Any]) -> Text:
    where = session["nas_name"] or session["nas"]
    text = Text(safe(f"session {short(session['id'])} on {where}, {mac(session['mac']) or session['user']}: "))
    order, end = session["order"], _end(session)
    if order is None:
        return text.append(safe(end or f"keeps what it has, profile {session['profile']}"))
    if end:
        text.append(safe(f"was to get {_profile(order)} instead of {order['old_profile']}; "))
    elif order["state"] == OrderState.SUPERSEDED:
        text.append(safe(f"keeps what it has, profile {session['profile']}; "))
    else:
        text.append(safe(f"gets {_profile(order)} instead of {order['old_profile']}; "))
    text.append(safe(f"order {order['id']}: ")).append_text(line(order))
    return text.append(safe(f"; {end}")) if end else text


def _profile(order: Mapping[str, Any]) -> str:
    return f"profile {order['profile']}" if order["accept"] else f"a reject, profile {order['profile']}"


def _end(session: Mapping[str, Any]) -> str:
    """Of a session that does not go on here."""
    match session.get("state"):  # an mdmd that is older than this says none: it tells of live sessions alone
        case SessionState.ENDED:
            return f"ended, {session['end_cause']}"
        case "elsewhere":
            return "another node answers for it now"
    return ""


def _detail(order: Mapping[str, Any]) -> str:
    code, detail = str(order["code"]), str(order["detail"])
    if code not in _CODES:
        return detail
    meaning = MEANINGS[Code(code)]
    return ": ".join(part for part in (meaning.text, detail) if part)


def _style(order: Mapping[str, Any]) -> str:
    if not order["settled"]:
        return colours.WARNING if order["state"] in (OrderState.NAK, OrderState.TIMEOUT) else "default"
    return colours.GOOD if exit_of(order) is Exit.DONE else colours.BAD
