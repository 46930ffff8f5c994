"""What a session would be given if its endpoint authenticated now: the same policy, the record as it is at present."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..compliance import UNKNOWN_ANSWER, ComplianceAnswer
from ..config.model import Config, Mode
from ..decide import ReadAddress, Verdict, applicable, decide
from ..decision import Decision
from ..request_record import has_uri_attribute, request_of
from ..sessions.model import Session
from ..store.read import StoreReader
from ..trail import Trail

_UNKNOWN = "Unknown"
_EXEMPTION = "exemption "
_LONGEST_AUTHENTICATION = 60.0  # seconds from decision to Access-Accept, and more: FreeRADIUS gives up before


@dataclass(frozen=True, slots=True)
class Outlook:
    """A session, what is true of its endpoint now (`basis`, see `basis_of`), and what that gives it.

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
        """True when the endpoint has ceased to be something. Nothing but compliance is better than unknown.

        Never by the end of an exemption, which has had its time.
        """
        return not self.exempted_anew and _standing(self.basis) < _standing(self.was)

    @property
    def exempted_anew(self) -> bool:
        """True when an exemption has come, gone or taken the place of another."""
        return _exemption_in(self.basis) != _exemption_in(self.was)


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
        """True when the record is what it was when the session was authorized last. Raises StoreError.

        Exemptions reach a node late when it was cut off, so that where there is one its time says nothing.
        """
        key = session.key
        if key is not None and self._reader.latest_exemption(key) is not None:
            return False
        record = None if key is None else self._reader.record(key)
        return record is None or record.answered_at < session.reauthorized_at - _LONGEST_AUTHENTICATION

    def look(self, session: Session, applied: str = "", *, always: bool = False) -> Outlook:
        """How the session stands.

        `applied`: the basis of what it was given since its decision, by a push. `always`: decide again though nothing
        has changed, in monitor mode too. Raises StoreError.
        """
        key, config, now = session.key, self._config(), self._wall()
        if key is None:
            return Outlook(session, why_not="it was let in without an identity" if always else "")
        record, exemption = self._reader.record(key), self._reader.latest_exemption(key)
        answer = None if record is None else record.answer
        if answer is None and exemption is None and not always:
            return Outlook(session)
        exempted = applicable(exemption, config, now)
        basis = basis_of(answer or UNKNOWN_ANSWER, "" if exempted is None else exempted.id)
        made = self._decision(session.decision_id)
        if made is None:
            return Outlook(session, applied, basis, why_not="its decision is not in this node's store")
        was = applied or _basis(made.registration, made.compliance, made.managed, made.exemption)
        # What it was given by a push since, maybe by a node that is gone now, is in the session, not in its decision.
        told_since = not applied and (made.rule, made.profile) != (session.rule, session.profile)
        if was == basis and not always and not told_since:
            return Outlook(session, was, basis)
        verdict = decide(
            request_of(made.request, made.method),
            config,
            self._reader.record,
            # With the id of the decision in force: its Class is what comes back in accounting.
            Trail(session.decision_id, now, self._wall),
            has_uri_attribute=has_uri_attribute(made.request),
            waited=True,
            enrolment_address=self._enrolment_address,
            read_exemption=self._reader.exemption,
        )
        assert isinstance(verdict, Verdict)  # with `waited` it always decides
        decided = verdict.decision
        if (decided.server, decided.identity_kind, decided.identity) != (key.server, key.kind.value, key.value):
            return Outlook(session, was, basis, why_not=f"decided again it is another endpoint: {decided.reason[:200]}")
        if config.policy.mode is Mode.MONITOR and not always:
            return Outlook(session, was, basis, why_not="the policy is in monitor mode", monitored=True)
        return Outlook(session, was, basis, verdict, monitored=bool(decided.would_be_profile))


def basis_of(answer: ComplianceAnswer, exemption: str = "") -> str:
    """What rules can see of an answer, with slashes between, and the exemption in force: `/exemption ID`."""
    return _basis(answer.registration.value, answer.compliance.value, answer.managed.value, exemption)


def _basis(registration: str, compliance: str, managed: str, exemption: str) -> str:
    said = (registration, compliance, managed)
    return "/".join((*said, _EXEMPTION + exemption) if exemption else said)


def _exemption_in(basis: str) -> str:
    last = basis.rpartition("/")[2]
    return last if last.startswith(_EXEMPTION) else ""


def pushed_decision(outlook: Outlook, at: float) -> Decision:
    """The decision as it is told to the device by a push, for those who look at what was handed out."""
    verdict = outlook.verdict
    assert verdict is not None
    told = tuple((pair.full_name, str(pair.value)) for pair in verdict.attributes)
    return replace(verdict.decision, at=at, client=outlook.session.client, attributes=told)


def _standing(basis: str) -> int:
    registration, compliance, *_ = basis.split("/") if basis else ("", "")
    if (registration, compliance) == ("Registered", "Compliant") or registration in ("", _UNKNOWN):
        return 2
    return 1 if registration == "Registered" else 0
