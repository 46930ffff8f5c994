"""Answering one request of a download: a packet of ACEs, or a refusal in ISE's terms (ise.md sections 5.4 and 5.5).

That the request is signed and comes from a known client was made sure of before (policy.d/mdm, FreeRADIUS). It is
answered by name, event and State alone; `aaa:service` and the password say nothing. Standard library only: radiusd
imports this.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..codes import MEANINGS, Code
from ..dacl import WireName, av_prefix, parse_wire_name
from ..errors import MdmError, StoreError
from ..request import Request
from . import state
from .device import Takes
from .pages import Page, PageError, cut
from .state import Cursor, StateFault
from .versions import Shelf, Version

EVENT = "aaa:event=acl-download"
_STATE_FAULTS = {
    StateFault.FORGED: Code.DACL_STATE_FORGED,
    StateFault.EXPIRED: Code.DACL_STATE_EXPIRED,
    StateFault.OTHER_CLIENT: Code.DACL_STATE_OTHER_CLIENT,
    StateFault.OTHER_NAME: Code.DACL_STATE_OTHER_NAME,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """`packet_size`: octets of a whole reply. `keep_old`: seconds for which a session may hold an older version."""

    packet_size: int
    keep_old: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing is served; `text` is for the operator, beside the code's own."""

    code: Code
    text: str = ""

    @property
    def message(self) -> str:
        """One line for the network device's log: the code and what it means."""
        return f"{self.code.value} {MEANINGS[self.code].text}"


@dataclass(frozen=True, slots=True)
class Packet:
    """One reply. `state` is None in the last one; `cursor` counts what was sent, this packet included."""

    page: Page
    state: bytes | None
    cursor: Cursor


class _Refusal(Exception):
    def __init__(self, code: Code, text: str = "") -> None:
        super().__init__(text)
        self.refused = Refused(code, text)


def serve(
    request: Request,
    client: str,
    shelf: Shelf,
    takes: Takes,
    key: Callable[[], bytes],
    limits: Limits,
    now: float,
) -> Packet | Refused:
    """Answer a request whose User-Name begins with `#ACSACL#`.

    `client`: the address that the request came from. `takes`: what its vendor family can download. `key` gives the
    key of States, or raises MdmError. `now`: seconds since the epoch.
    """
    name = request.first("User-Name")
    try:
        # An EAP identity of that name is what a user typed, whatever else the request says.
        if request.is_eap or not any(value.strip().lower() == EVENT for value in request.all("Cisco-AVPair")):
            raise _Refusal(Code.DACL_NO_EVENT)
        wire = parse_wire_name(name)
        if wire is None:
            raise _Refusal(Code.DACL_UNKNOWN)
        styles = takes.styles(wire.type)
        if not styles:
            raise _Refusal(Code.DACL_FAMILY, takes.families)
        cursor = _cursor(request, name, client, key, now)
        version = _version(wire, name, client, shelf, limits.keep_old if cursor is None else None, now)
        entries = next((version[style] for style in styles if style in version), None)
        if entries is None:
            raise _Refusal(Code.DACL_MASKS, f"{takes.families} takes {' or '.join(styles)} masks")
        return _packet(request, wire, name, client, entries, cursor or Cursor(0, 0), key, limits, now)
    except _Refusal as refusal:
        return refusal.refused
    except StoreError as error:
        return Refused(Code.DACL_STORE_UNREADABLE, str(error))


def _cursor(request: Request, name: str, client: str, key: Callable[[], bytes], now: float) -> Cursor | None:
    """Where the download goes on; None for one that begins."""
    values = request.all("State")
    if not values:
        return None
    if len(values) != 1 or not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})+", values[0]):
        raise _Refusal(Code.DACL_STATE_FORGED)
    opened = state.unseal(_key(key), bytes.fromhex(values[0][2:]), name, client, now)
    if isinstance(opened, StateFault):
        raise _Refusal(_STATE_FAULTS[opened], opened.value)
    return opened


def _version(wire: WireName, name: str, client: str, shelf: Shelf, keep_old: float | None, now: float) -> Version:
    """The version of that name. `keep_old` is None where a State proves that this client may have it."""
    version = shelf.present(name)
    if version is None:
        version = shelf.older(name)
        if version is None:
            raise _Refusal(Code.DACL_VERSION_GONE if shelf.knows(wire) else Code.DACL_UNKNOWN)
        if keep_old is not None:
            handed = shelf.handed_at(client, name)
            if handed is None or now - handed > keep_old:
                raise _Refusal(Code.DACL_NOT_HANDED, "never" if handed is None else f"{now - handed:.0f} s ago")
    return version


def _packet(
    request: Request,
    wire: WireName,
    name: str,
    client: str,
    entries: tuple[str, ...],
    cursor: Cursor,
    key: Callable[[], bytes],
    limits: Limits,
    now: float,
) -> Packet:
    if cursor.offset >= len(entries):
        raise _Refusal(Code.DACL_STATE_FORGED, f"line {cursor.offset + 1} of {len(entries)}")
    proxy_states = [max(0, len(value) // 2 - 1) for value in request.all("Proxy-State")]
    try:
        page = cut(
            entries,
            av_prefix(wire.type),
            cursor.offset,
            limits.packet_size,
            state.size(name, client),
            proxy_states,
        )
        sent = Cursor(cursor.offset + len(page.values), cursor.packets + 1)
        follows = None if page.next_offset is None else state.seal(_key(key), name, client, sent, now)
    except (PageError, ValueError) as error:
        raise _Refusal(Code.DACL_NO_ROOM, str(error)) from error
    return Packet(page, follows, sent)


def _key(key: Callable[[], bytes]) -> bytes:
    try:
        return key()
    except MdmError as error:
        raise _Refusal(Code.DACL_NO_KEY, str(error)) from error
