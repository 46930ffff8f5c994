"""What a day has to show. Each promise that does not hold is a sentence; none is what `make fleet` asks for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from .day import Result
from .tally import Fate

FRESH = 0.999  # of the reauthentications, at least
_PROMPT = 60.0  # seconds from Intune's answer to the right authorization
_SLACK = 1.2  # of the interval in which everybody is asked about
_MOST_NAMED = 10


def broken(result: Result) -> list[str]:
    """Every promise that does not hold, in words."""
    return [*_reauthentications(result), *_queries(result), *_changes(result), *_delays(result), *_programs(result)]


def expected_interval(result: Result) -> float:
    """Seconds in which every device is asked about once: what is set, or what the rate makes of it."""
    settings = result.settings
    return max(settings.recheck_interval, settings.sessions / settings.recheck_rate)


def _reauthentications(result: Result) -> Iterator[str]:
    tally = result.tally
    if not tally.by_timer:
        yield "no session reauthenticated by its timer: the day shows nothing"
    elif tally.by_timer_fresh < FRESH * tally.by_timer:
        late = tally.by_timer - tally.by_timer_fresh
        yield f"{late} of {tally.by_timer} reauthentications by timer found a record that was due, more than 1 in 1000"
    if tally.rejected:
        yield f"{tally.rejected} authentications were rejected"


def _queries(result: Result) -> Iterator[str]:
    rate, queries = result.settings.recheck_rate, result.tenant.queries
    most = max(queries.unwaited.values(), default=0)
    # Each node keeps to its share of the rate, which need not be a whole number.
    if most > math.ceil(rate) + len(result.nodes) - 1:
        yield f"{most} rechecks went out in one second, the rate is {rate:g}"


def _changes(result: Result) -> Iterator[str]:
    tally = result.tally
    fates = [change.fate for change in tally.changes]
    if Fate.BY_COA not in fates:
        yield "no change led to a CoA: the day shows nothing"
    wrong = [change for change in tally.changes if change.fate in (Fate.NOTHING, Fate.SEVERAL)]
    for change in wrong[:_MOST_NAMED]:
        yield f"a change without exactly one effect: {change}"
    if len(wrong) > _MOST_NAMED:
        yield f"and {len(wrong) - _MOST_NAMED} more such changes"
    for name, found in (
        ("CoA that no change was the cause of", tally.unasked),
        ("wrong at the end", tally.wrong_at_end),
    ):
        if found:
            yield f"{len(found)} {name}: {', '.join(found[:_MOST_NAMED])}"


def _delays(result: Result) -> Iterator[str]:
    tally = result.tally
    longest = _SLACK * expected_interval(result) + _PROMPT + result.down
    late = [change for change in tally.changes if change.effects and change.effects[0] - change.since > longest]
    for change in late[:_MOST_NAMED]:
        yield f"a change that was noticed later than {longest:.0f} s after it: {change}"
    if tally.lags and tally.lags[-1] > _PROMPT + result.away:
        yield f"{tally.lags[-1]:.0f} s from Intune's answer to what follows from it, {_PROMPT:.0f} s are allowed"


def _programs(result: Result) -> Iterator[str]:
    for node in result.nodes:
        for line in node.mdmd.log.faults[:_MOST_NAMED]:
            yield f"mdmd of {node.name}: {line}"
        for line in [error for radiusd in node.radiusds for error in radiusd.errors][:_MOST_NAMED]:
            yield f"radiusd of {node.name}: {line}"
    for why, count in result.fleet.counts.dropped.items():
        yield f"{count} CoA packets were dropped by network devices: {why}"
    if result.known_at_end != result.live_at_end:
        yield f"mdmd knows {result.known_at_end} live sessions at the end, the network devices {result.live_at_end}"
    kills, wanted = sum(node.mdmd.kills for node in result.nodes), len(result.scenario.kills)
    if kills != wanted:
        yield f"mdmd was killed {kills} times instead of {wanted}"
