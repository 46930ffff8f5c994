"""MDM servers: what the configuration and the store know of each, and what mdmd says of it while it runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...codes import Code
from ...config.model import Config, Server
from ...decision import Decision
from ...store.decision_log import DecisionLog
from ...store.overview import Overview, RecordCounts
from ...store.query import DecisionFilter
from .mdmd import MdmdState

# Cisco: 200 ms are expected of an MDM server, and above 300 ms users feel it (ise.md section 8.1).
EXPECTED_MS = 200.0
FELT_MS = 300.0
_SAMPLE = 1000  # decisions
_GIVEN_UP = (Code.LAST_KNOWN, Code.UNKNOWN_DEVICE_STATE)


class ServerState(StrEnum):
    """Whether an MDM server can be asked, as mdmd sees it."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"  # after failures it is left alone for a while
    PROBING = "probing"  # one question is under way to see whether it is back
    NOT_WARM = "no token so far"
    DISABLED = "disabled"
    NOT_KNOWN = "not known"  # mdmd does not answer, or has not read the configuration that names it


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long authentications waited for an MDM server, in milliseconds, among the newest 1000 decisions about it.

    `answered`: how many were answered in time, `given_up`: how many were not. `over_felt`: answered in more than 300.
    """

    answered: int
    given_up: int
    p50_ms: float | None
    p99_ms: float | None
    over_felt: int


@dataclass(frozen=True, slots=True)
class Live:
    """What mdmd says of a server; the fields are those of /v1/health, which has more. Times: seconds since the epoch.

    `next_sweep` is None for a server that is not polled, `backlog` for one whose records are not renewed by themselves.
    """

    breaker: str
    next_probe_in: float
    in_flight: int
    warm: bool
    last_success: float
    last_failure: float
    failure: str
    backlog: int | None
    queries_per_second: float | None
    rate: float | None
    window: str
    next_sweep: float | None
    polling_failure: str


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One MDM server. Times are seconds since the epoch, None for never; `polling_interval` 0 turns polling off.

    `records`: endpoints it was asked about; `answered`, `due` and `failing` are of them. `live`: while mdmd runs.
    """

    name: str
    enabled: bool
    cloud: str
    tenant: str
    state: ServerState
    last_answer: float | None
    last_failure: float | None
    failure: str
    waiting: Waiting
    records: int
    answered: int
    due: int
    failing: int
    polling_interval: float
    live: Live | None


@dataclass(frozen=True, slots=True)
class ServerList:
    """`former`: no longer in the configuration, but records of it are left. `trouble`: why mdmd says nothing."""

    servers: tuple[ServerRow, ...]
    former: tuple[RecordCounts, ...]
    trouble: str


def servers(config: Config, mdmd: MdmdState, now: float) -> ServerList:
    """In the order of the configuration. Raises StoreError."""
    overview, log = Overview(config.service.store_file), DecisionLog(config.service.store_file)
    counts = {each.server: each for each in overview.servers()}
    rows = []
    for server in config.servers:
        counted = counts.pop(server.name, RecordCounts(server.name, 0, 0, 0, 0.0, 0.0, ""))
        due = overview.due(server.name, now - server.reauth_interval + server.refresh_margin)
        newest = log.newest(DecisionFilter(server=server.name), _SAMPLE)
        rows.append(_row(server, counted, due, waiting(each.decision for each in newest), live(mdmd, server.name)))
    return ServerList(tuple(rows), tuple(counts.values()), mdmd.trouble)


def waiting(decisions: Iterable[Decision]) -> Waiting:
    """From the times of their steps: asked, and answered or not in time."""
    waited: list[float] = []
    given_up = 0
    for decision in decisions:
        times = {step.code: step.at_ms for step in decision.steps}
        asked = times.get(Code.RECORD_DUE)
        if asked is None:
            continue
        if Code.ANSWERED_LIVE in times:
            waited.append(times[Code.ANSWERED_LIVE] - asked)
        elif any(code in times for code in _GIVEN_UP):
            given_up += 1
    waited.sort()
    over = sum(1 for ms in waited if ms > FELT_MS)
    return Waiting(len(waited), given_up, _percentile(waited, 50), _percentile(waited, 99), over)


def live(mdmd: MdmdState, name: str) -> Live | None:
    """None when mdmd does not answer, or does not know the server, for one that is switched off."""
    lane = mdmd.part("servers", name, "name")
    if lane is None:
        return None
    recheck: Mapping[str, Any] = mdmd.part("recheck", name) or {}
    poll: Mapping[str, Any] = mdmd.part("polling", name) or {}
    return Live(
        breaker=str(lane.get("breaker", "")),
        next_probe_in=float(lane.get("next_probe_in", 0.0)),
        in_flight=int(lane.get("in_flight", 0)),
        warm=bool(lane.get("warm")),
        last_success=float(lane.get("last_success", 0.0)),
        last_failure=float(lane.get("last_failure", 0.0)),
        failure=str(lane.get("failure", "")),
        backlog=recheck.get("backlog"),
        queries_per_second=recheck.get("queries_per_second"),
        rate=recheck.get("rate"),
        window=str(poll.get("window", "")),
        next_sweep=poll.get("next_sweep") or None,
        polling_failure=str(poll.get("failure", "")),
    )


def _row(server: Server, counted: RecordCounts, due: int, waited: Waiting, now: Live | None) -> ServerRow:
    newest_failure = (counted.failed_at, counted.failure)
    if now is not None:
        newest_failure = max(newest_failure, (now.last_failure, now.failure))
    return ServerRow(
        name=server.name,
        enabled=server.enabled,
        cloud=server.cloud_name,
        tenant=server.tenant,
        state=_state(server, now),
        last_answer=max(counted.answered_at, now.last_success if now else 0.0) or None,
        last_failure=newest_failure[0] or None,
        failure=newest_failure[1],
        waiting=waited,
        records=counted.records,
        answered=counted.answered,
        due=due,
        failing=counted.failing,
        polling_interval=server.polling_interval,
        live=now,
    )


def _state(server: Server, now: Live | None) -> ServerState:
    if not server.enabled:
        return ServerState.DISABLED
    if now is None:
        return ServerState.NOT_KNOWN
    match now.breaker:
        case "open":
            return ServerState.UNREACHABLE
        case "half-open":
            return ServerState.PROBING
    return ServerState.REACHABLE if now.warm else ServerState.NOT_WARM


def _percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The smallest value that so many per cent of all do not exceed (nearest rank)."""
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 3)
