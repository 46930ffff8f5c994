"""What a session would be given if its endpoint authenticated now: the same policy, the record as it is at present."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..compliance import ComplianceAnswer
from ..config.model import Config, Mode
from ..decide import ReadAddress, Verdict, decide
from ..decision import Decision
from ..identity.certificate import URI_ATTRIBUTE
from ..request_record import request_of
from ..sessions.model import Session
from ..store.read import StoreReader
from ..trail import Trail

_UNKNOWN = "Unknown"
_LONGEST_AUTHENTICATION = 60.0  # seconds from decision to Access-Accept, and more: FreeRADIUS gives up before


@dataclass(frozen=True, slots=True)
class Outlook:
    """A session, what the MDM server says now (`basis`), and what that gives it.

    `was`: what the decision in force was made on. `verdict` is None when nothing has changed for it, or when nothing
    can be said; `why_not` tells of the latter. `monitored`: the rule, or all of the policy, is only tried out.
    """

    session: Session
    was: str = ""
    basis: str = ""
    verdict: Verdict | None = None
    monitored: bool = False
    why_not: str = ""

    @property
    def authorization(self) -> tuple[bool, str, str]:
        """As CoaOrder.authorization."""
        assert self.verdict is not None
        return self.verdict.accept, self.verdict.decision.rule, self.verdict.decision.profile

    @property
    def worse(self) -> bool:
        """True when the endpoint has ceased to be something. Nothing but compliance is better than unknown."""
        return _standing(self.basis) < _standing(self.was)


class Redecide:
    """Blocks for the store: call it in a thread, one caller at a time. `config`: the present configuration."""

    def __init__(
        self,
        reader: StoreReader,
        decision: Callable[[str], Decision | None],
        config: Callable[[], Config],
        wall: Callable[[], float],
        enrolment_address: ReadAddress,
    ) -> None:
        self._reader = reader
        self._decision = decision
        self._config = config
        self._wall = wall
        self._enrolment_address = enrolment_address

    def is_older(self, session: Session) -> bool:
        """True when the record is what it was when the session was authorized last. Raises StoreError."""
        key = session.key
        record = None if key is None else self._reader.record(key)
        return record is None or record.answered_at < session.reauthorized_at - _LONGEST_AUTHENTICATION

    def look(self, session: Session, applied: str = "") -> Outlook:
        """How the session stands.

        `applied`: the basis of what it was given since its decision, by a push. Raises StoreError.
        """
        key, config = session.key, self._config()
        if key is None:
            return Outlook(session)
        record = self._reader.record(key)
        if record is None or record.answer is None:
            return Outlook(session)
        basis = basis_of(record.answer)
        made = self._decision(session.decision_id)
        if made is None:
            return Outlook(session, applied, basis, why_not="its decision is not in this node's store")
        was = applied or "/".join((made.registration, made.compliance, made.managed))
        if was == basis:
            return Outlook(session, was, basis)
        now = self._wall()
        verdict = decide(
            request_of(made.request, made.method),
            config,
            self._reader.record,
            # With the id of the decision in force: its Class is what comes back in accounting.
            Trail(session.decision_id, now, self._wall),
            has_uri_attribute=any(name == URI_ATTRIBUTE for name, _ in made.request),
            waited=True,
            enrolment_address=self._enrolment_address,
        )
        assert isinstance(verdict, Verdict)  # with `waited` it always decides
        decided = verdict.decision
        if (decided.server, decided.identity_kind, decided.identity) != (key.server, key.kind.value, key.value):
            return Outlook(session, was, basis, why_not=f"decided again it is another endpoint: {decided.reason[:200]}")
        if config.policy.mode is Mode.MONITOR:
            return Outlook(session, was, basis, why_not="the policy is in monitor mode", monitored=True)
        return Outlook(session, was, basis, verdict, monitored=bool(decided.would_be_profile))


def basis_of(answer: ComplianceAnswer) -> str:
    """What rules can see of an answer."""
    return "/".join((answer.registration.value, answer.compliance.value, answer.managed.value))


def pushed_decision(outlook: Outlook, at: float) -> Decision:
    """The decision as it is told to the device by a push, for those who look at what was handed out."""
    verdict = outlook.verdict
    assert verdict is not None
    told = tuple((pair.full_name, str(pair.value)) for pair in verdict.attributes)
    return replace(verdict.decision, at=at, client=outlook.session.client, attributes=told)


def _standing(basis: str) -> int:
    registration, compliance, _ = basis.split("/") if basis else ("", "", "")
    if (registration, compliance) == ("Registered", "Compliant") or registration in ("", _UNKNOWN):
        return 2
    return 1 if registration == "Registered" else 0
