"""Whether a session has what it is to have, and if not, what it is to be given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..config.model import CoaMode, Config
from ..sessions.model import Session
from ..store.coa_orders import CoaOrder, OrderQueries, OrderState
from .coa_orders import in_force, may_have_arrived
from .redecide import Outlook, Redecide

_IN_VAIN = 3  # orders; one can cross a decision that was on its way


@dataclass(frozen=True, slots=True)
class Assessment:
    """`has`: accepted, rule and profile as the network device has them. `number`: orders since one was sent last."""

    outlook: Outlook
    has: tuple[bool, str, str]
    number: int

    @property
    def session(self) -> Session:
        """Whom it is about."""
        return self.outlook.session

    @property
    def wanted(self) -> tuple[bool, str, str] | None:
        """What it is to be given instead; None when it may keep what it has."""
        outlook = self.outlook
        if outlook.verdict is None or (outlook.monitored and outlook.worse):
            return None
        gets, has = outlook.authorization, self.has
        if outlook.exempted_anew:  # from a rule to an exemption and back nobody is disturbed for the same profile
            return None if (gets[0], gets[2]) == (has[0], has[2]) else gets
        return None if gets == has else gets


class Assessor:
    """Thread safe; blocks for the store."""

    def __init__(self, redecide: Redecide, orders: OrderQueries, config: Callable[[], Config]) -> None:
        self._redecide = redecide
        self._orders = orders
        self._config = config
        self._mutex = threading.Lock()

    def assess(self, session: Session, order: CoaOrder | None, *, record_changed: bool = False) -> Assessment:
        """`order`: the one about this session that is not settled. Raises StoreError.

        A push of which it is not known whether it has arrived counts as arrived: the next one replaces it anyhow.
        `record_changed`: its times don't tell whether the session was authorized on it, as an answer can come late.
        """
        with self._mutex:
            if order is None and not record_changed and self._redecide.is_older(session):
                return Assessment(Outlook(session), (True, session.rule, session.profile), 0)
            before = self._orders.of_session(session.id)
            changed = in_force(before, session, self._config().coa.mode)
            if order is not None and may_have_arrived(order):
                changed = order
            outlook = self._redecide.look(session, "" if changed is None else changed.basis)
        has = (True, session.rule, session.profile) if changed is None else changed.authorization
        found = Assessment(outlook, has, sum(each.created_at >= (session.coa_at or 0.0) for each in before))
        if order is None and found.wanted is not None and _in_vain(before, outlook):
            why = f"order {before[-1].id} was done, and radiusd decided otherwise: see its log, restart it"
            return replace(found, outlook=replace(outlook, verdict=None, why_not=why))
        return found

    def now(self, session: Session, order: CoaOrder) -> Outlook:
        """What an operator's order is to bring: decided again in any case. Raises StoreError."""
        with self._mutex:
            before = [each for each in self._orders.of_session(session.id) if each.id != order.id]
            changed = in_force(before, session, self._config().coa.mode)
            return self._redecide.look(session, "" if changed is None else changed.basis, always=True)

    def mode(self) -> CoaMode:
        """The present setting."""
        return self._config().coa.mode


def _in_vain(before: list[CoaOrder], outlook: Outlook) -> bool:
    """Whether several orders for just this were done one after the other, and the decision in force came of the last.

    Then radiusd does not see what is seen here: it runs an older version, has kept an older mdm.toml, or can't read the
    store. The same order again would have the endpoint authenticate without end.
    """
    session, last = outlook.session, before[-_IN_VAIN:]
    return (
        len(last) == _IN_VAIN
        and all(
            each.state is OrderState.ACKED
            and each.settled
            and (each.basis, each.authorization) == (outlook.basis, outlook.authorization)
            for each in last
        )
        and len({each.decision_id for each in last} | {session.decision_id}) == _IN_VAIN + 1
        and session.reauthorized_at <= last[-1].changed_at
    )
