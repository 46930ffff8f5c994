"""An operator's order to a network device: the same desk carries it out, whether the session needs it or not."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from ..coa.family import FAMILIES, Action
from ..config.model import CoaMode, Config
from ..errors import MdmError
from ..sessions.directory import SessionDirectory
from ..sessions.model import Session
from ..store.coa_orders import CoaOrder, OrderState
from . import coa_orders
from .coa_desk import CoaDesk

ACTIONS = (Action.REAUTHENTICATE, Action.DISCONNECT, Action.PUSH, Action.BOUNCE)


class NotOrderedError(MdmError):
    """An operator's order can't be given: what is wrong, what is allowed, what to do next."""

    def __init__(self, what: str, *, allowed: str = "", next_: str = "") -> None:
        self.what, self.allowed, self.next = what, allowed, next_
        super().__init__(what)


class CoaByHand:
    """Belongs to the event loop."""

    def __init__(
        self, directory: SessionDirectory, desk: CoaDesk, config: Callable[[], Config], wall: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._desk = desk
        self._config = config
        self._wall = wall

    async def give(self, session_id: str, action: str, author: str) -> CoaOrder:
        """Store an order about a live session of this node; the desk carries it out. `action`: "" for the usual one.

        Raises NotOrderedError, LookupError when there is no such session, StoreError.
        """
        session = self._directory.get(session_id)
        if session is None:
            raise LookupError(f"no live session of this node has the id {session_id[:40]!r}")
        if self._config().coa.mode is CoaMode.OFF:
            raise NotOrderedError(
                "change of authorization is switched off, coa.mode is off",
                next_='set mode = "on" in [coa] of mdm.toml, or "dry-run" to see what would be sent',
            )
        self._can_be_asked(session, action)
        async with self._desk.deciding:
            before = self._desk.open(session.id)
            if before is not None and _stands(before, action):
                raise NotOrderedError(
                    f"order {before.id} about this session is under way:"
                    f" {before.action or 'planned'}, {before.state.value}",
                    next_="wait for its end, which mdmctl sessions shows",
                )
            now = self._wall()
            new = coa_orders.by_hand(session, action, author, secrets.token_hex(12), now)
            old = None if before is None else coa_orders.superseded(before, now, f"order {new.id}: {new.reason}")
            self._desk.look_when_done(session.id)
            await self._desk.take(old, new)
        return new

    def _can_be_asked(self, session: Session, action: str) -> None:
        family = FAMILIES.get(session.family)
        if family is None:
            raise NotOrderedError(
                f"mdmd does not know how a network device of family {session.family!r} is told",
                allowed=", ".join(FAMILIES),
                next_="set mdm_family in its client section of FreeRADIUS",
            )
        if action and action not in family.procedures:
            can = ", ".join(each.value for each in ACTIONS if each in family.procedures)
            next_ = "leave the action out for the usual one" if can else "end the session on the network device itself"
            raise NotOrderedError(f"{family.title} can't be asked to {action}", allowed=can or "nothing", next_=next_)


def _stands(order: CoaOrder, action: str) -> bool:
    """Whether it has to be waited for: its packet is on its way, or it may have had the very effect already."""
    if order.state in (OrderState.SENT, OrderState.ACKED):
        return True
    return bool(order.author) and order.asked == action
