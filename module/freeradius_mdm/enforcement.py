"""What radiusd's hooks do, without radiusd's calling convention: decide, then confirm and journal.

Standard library only: radiusd imports this.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from . import accounting, confirm, durations, reply_size
from .codes import MEANINGS, Code
from .config.model import Config
from .config.watch import ConfigWatch
from .decide import Pending, Verdict, decide
from .decision import Decision, Outcome
from .describe import describe
from .dictionaries import Dictionary
from .download.desk import DownloadDesk
from .errors import ConfigError, StoreError
from .journal import JournalWriter
from .log_line import decision_line
from .pending import Entry, PendingDecisions
from .prefetch import Prefetch
from .reply import TYPES, List, Operator, Pair
from .request import Request
from .result import Result as Result
from .store.read import StoreReader
from .trail import Trail

Log = Callable[[str], None]
DECISION_ID = "MDM-Decision-Id"
WAITED = "MDM-Waited"
REFUSAL = "MDM-Refusal"  # control: a code of policy.d/mdm's own
_WAIT_FOR = ("MDM-Wait-Server", "MDM-Wait-Kind", "MDM-Wait-Value")


class Enforcement:
    """One for the life of a radiusd. Calls are serialised by rlm_python3, so there is no lock in here."""

    def __init__(
        self,
        config_file: Path,
        *,
        has_uri_attribute: bool,
        info: Log,
        error: Log,
        clock: Callable[[], float] = time.time,
        dictionary: Dictionary | None = None,
    ) -> None:
        """`dictionary`: FreeRADIUS's, for free attributes and for the size of what other modules add to a reply."""
        self._clock = clock
        self._info, self._error = info, error
        self._has_uri_attribute = has_uri_attribute
        self._dictionary = dictionary
        self._watch = ConfigWatch(config_file, clock(), self._on_config_change, dictionary)
        self._pending = PendingDecisions()
        self._prefetch = Prefetch()
        self._open(self._watch.config)

    def _open(self, config: Config) -> None:
        self._state_directory = config.service.state_directory
        self._reader = StoreReader(config.service.store_file)
        self._journal = JournalWriter(config.service.journal_directory)
        self._downloads = DownloadDesk(self._reader, self._journal, self._clock, self._info, self._error)
        self._downloads.take_over(config)

    def _on_config_change(self, error: ConfigError | None) -> None:
        if error is None:
            self._info(f"the new configuration is in force: {self._watch.config.file}")
        else:
            for line in f"{Code.CONFIG_KEPT} {MEANINGS[Code.CONFIG_KEPT].text}: {error}".splitlines():
                self._error(line)

    def _config(self) -> Config:
        config = self._watch.current(self._clock())
        if config.service.state_directory != self._state_directory:
            self._reader.close()
            self._open(config)
        self._downloads.take_over(config)
        return config

    def close(self) -> None:
        """Close the store; the next decision opens it again."""
        self._reader.close()

    def decide(self, request: Request) -> Result:
        """Decide, or ask unlang to wait for an answer and to call again."""
        config = self._config()
        now = self._clock()
        waited = bool(request.control_value(WAITED))
        entry = self._pending.get(request.control_value(DECISION_ID)) if waited else None
        if entry is None:
            entry = Entry(Trail(secrets.token_hex(12), now, self._clock))
            entry.trail.add(Code.RECEIVED, f"{request.nas_kind.value} {request.first('User-Name')[:80]!r}")
        outcome = decide(
            request,
            config,
            self._reader.record,
            entry.trail,
            has_uri_attribute=self._has_uri_attribute,
            waited=waited,
            enrolment_address=self._enrolment_address,
            asked_ahead=lambda key: self._prefetch.asked_at(key, now),
            read_exemption=self._reader.exemption,
        )
        handle = Pair(DECISION_ID, entry.trail.id)
        if isinstance(outcome, Pending):
            self._pending.put(entry, now)
            return Result(True, {List.CONTROL: (handle, *_wait_for(outcome, config))})
        entry.verdict = outcome
        self._pending.put(entry, now)
        no_wait = Pair(_WAIT_FOR[2], "", Operator.CLEAR)
        return Result(
            outcome.accept,
            {List.REPLY: (handle, *outcome.published, *outcome.attributes), List.CONTROL: (no_wait,)},
        )

    def _enrolment_address(self, server: str) -> str:
        try:
            return self._reader.redirect_url(server)
        except StoreError:
            return ""

    def confirm_accept(self, request: Request) -> Result:
        """Let the Accept out if it is what was decided, and journal it; else reject."""
        config = self._config()
        entry = self._pending.pop(request.handed_over(DECISION_ID))
        if entry is None or entry.verdict is None:
            return self._reject(request, None, Code.NO_DECISION, MEANINGS[Code.NO_DECISION].text)
        verdict, trail = entry.verdict, entry.trail
        wrong = [] if verdict.accept else ["the decision was a reject"]
        wrong += confirm.differences(verdict.attributes, request.reply)
        if wrong:
            return self._reject(request, entry, Code.REPLY_ALTERED, "; ".join(wrong))
        size = reply_size.of_reply(request.reply, self._dictionary)
        if size > reply_size.LARGEST_PACKET:
            ours = reply_size.of_pairs(verdict.attributes, TYPES)
            text = f"the reply has {size} bytes, {ours} of them decided here; {reply_size.LARGEST_PACKET} fit"
            return self._reject(request, entry, Code.REPLY_TOO_LONG, text)
        trail.add(Code.REPLY_CONFIRMED, f"{len(verdict.attributes)} attributes")
        decision = self._final(verdict.decision, request, trail, Outcome.ACCEPT, verdict)
        if not self._record(decision, required=config.service.audit_required):
            text = MEANINGS[Code.JOURNAL_UNWRITABLE].text + " and audit_required is set"
            return self._reject(request, entry, Code.JOURNAL_UNWRITABLE, text)
        self._downloads.hand(decision)
        return Result(True)

    def confirm_reject(self, request: Request) -> Result:
        """Journal a reject, whoever decided it."""
        self._config()
        entry = self._pending.pop(request.handed_over(DECISION_ID))
        if entry is None or entry.verdict is None:
            trail = entry.trail if entry else Trail(secrets.token_hex(12), self._clock(), self._clock)
            code, text = _refusal(request)
            trail.add(code, text)
            decision = replace(
                describe(request, trail), outcome=Outcome.REJECT, reason=text[:400], reason_code=code.value
            )
            entry = Entry(trail, Verdict(decision, False, ()))
        verdict = entry.verdict
        assert verdict is not None
        decision = verdict.decision
        if verdict.accept:
            text = request.first("Module-Failure-Message") or "another module or policy rejected after the decision"
            entry.trail.add(Code.NO_SUCCESS, text)
            decision = replace(decision, reason=text[:400], reason_code=Code.NO_SUCCESS.value)
        self._record(self._final(decision, request, entry.trail, Outcome.REJECT, verdict))
        # A site's own reject in post-auth comes here with EAP-Success.
        return Result(True, {List.REPLY: confirm.eap_failure(request.reply, ())})

    def prefetch(self, request: Request) -> Result:
        """The first packet of an EAP conversation: have mdmd ask ahead when that is of use. It never refuses."""
        config, now = self._config(), self._clock()
        key = self._prefetch.wanted(request, config, self._reader.endpoint_of, self._reader.record, now)
        if key is None:
            return Result(True)
        values = (*zip(_WAIT_FOR, (key.server, key.kind.value, key.value), strict=True), ("MDM-Wait-Time", "0s"))
        return Result(True, {List.CONTROL: tuple(Pair(name, value) for name, value in values)})

    def download(self, request: Request) -> Result:
        """Serve one packet of a downloadable ACL, or refuse."""
        config = self._config()
        return self._downloads.answer(request, config)

    def confirm_download(self, request: Request) -> Result:
        """Let the last packet of a downloadable ACL out if it is what was built, and journal the download."""
        self._config()
        return self._downloads.confirm(request, reply_size.of_reply(request.reply, self._dictionary))

    def refuse_download(self, request: Request) -> Result:
        """Journal a refused download, whoever refused it."""
        self._config()
        return self._downloads.refused(request)

    def drop_download(self, request: Request) -> Result:
        """Journal a download request without signature, which is not answered."""
        self._config()
        return self._downloads.unsigned(request)

    def _reject(self, request: Request, entry: Entry | None, code: Code, text: str) -> Result:
        """Reject in post-auth; Post-Auth-Type REJECT follows and journals it."""
        now = self._clock()
        if entry is None:
            entry = Entry(Trail(secrets.token_hex(12), now, self._clock))
        entry.trail.add(code, text)
        self._error(f"{code} {text}: {MEANINGS[code].advice}")
        decision = entry.verdict.decision if entry.verdict else describe(request, entry.trail)
        attributes = entry.verdict.attributes if entry.verdict else ()
        decision = replace(decision, outcome=Outcome.REJECT, reason=text[:400], reason_code=code.value)
        entry.verdict = Verdict(decision, False, ())
        self._pending.put(entry, now)
        handle = Pair(DECISION_ID, entry.trail.id)
        return Result(False, {List.REPLY: (handle, *confirm.eap_failure(request.reply, attributes))})

    def _final(
        self, decision: Decision, request: Request, trail: Trail, outcome: Outcome, verdict: Verdict
    ) -> Decision:
        """Complete a decision with what the outer request and the reply that goes out say."""
        outer = describe(request, trail, with_request=False)
        sent = confirm.recorded(request.reply) if outcome is Outcome.ACCEPT else ()
        if outcome is Outcome.REJECT and not request.is_eap:
            sent = tuple(pair for pair in confirm.recorded(request.reply) if pair[0] == "Reply-Message")
        return replace(
            decision,
            outcome=outcome,
            user=decision.user or outer.user,  # in a tunnel the inner name
            mac=outer.mac,
            access=outer.access,
            method=outer.method,
            nas_address=outer.nas_address,
            nas_name=outer.nas_name,
            client=outer.client,
            nas_identifier=outer.nas_identifier,
            nas_port=outer.nas_port,
            nas_port_id=outer.nas_port_id,
            calling_station=outer.calling_station,
            called_station=outer.called_station,
            acct_session_id=outer.acct_session_id,
            audit_session_id=outer.audit_session_id,
            session_timeout=_session_timeout(sent),
            attributes=sent,
            steps=tuple(trail.steps),
            total_ms=round((self._clock() - trail.started) * 1000, 3),
        )

    def account(self, request: Request) -> bool:
        """Journal an Accounting-Request, however odd. False: it could not be, and must not be acknowledged."""
        self._config()
        event = accounting.from_request(request, self._clock())
        try:
            self._journal.append("accounting", event.to_json(), event.at)
        except StoreError as error:
            what = f"{event.status.value} {event.acct_session_id[:80]!r} of {event.client or event.nas_address}"
            self._error(f"{Code.JOURNAL_UNWRITABLE} accounting {what} is not journaled nor acknowledged: {error}")
            return False
        return True

    def _record(self, decision: Decision, *, required: bool = False) -> bool:
        """Journal, then log. False: `required`, and it could not be journaled, so it must not come into force."""
        try:
            self._journal.append("decision", decision.to_json(), decision.at)
        except StoreError as error:
            self._error(f"{Code.JOURNAL_UNWRITABLE} decision {decision.id} is not journaled: {error}")
            if required:
                return False
        self._info(decision_line(decision))
        return True


def _session_timeout(sent: Iterable[tuple[str, str]]) -> int | None:
    """The last one of the reply, as a network device takes it. Another policy may have put it there."""
    values = [value for name, value in sent if name == "Session-Timeout" and value.isdecimal()]
    return int(values[-1]) if values else None


def _refusal(request: Request) -> tuple[Code, str]:
    """Why there was no decision: what policy.d/mdm refused by itself, or what another module says."""
    refused = request.control_value(REFUSAL)
    if refused in tuple(Code):
        return Code(refused), MEANINGS[Code(refused)].text
    return Code.NO_SUCCESS, request.first("Module-Failure-Message") or MEANINGS[Code.NO_SUCCESS].text


def _wait_for(pending: Pending, config: Config) -> tuple[Pair, ...]:
    key = pending.key
    values = (key.server, key.kind.value, key.value)
    wait = durations.show(config.service.wait)
    return (*(Pair(name, value) for name, value in zip(_WAIT_FOR, values, strict=True)), Pair("MDM-Wait-Time", wait))
