"""A day in figures."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from . import promises
from .day import Result
from .tally import Fate


def render(result: Result) -> str:
    """The table of one scenario."""
    lines = [f"{result.scenario.name}: {result.scenario.title}"]
    lines += [f"  {name:<44} {value}" for name, value in _rows(result)]
    wrong = promises.broken(result)
    lines += [f"  PROMISE BROKEN: {sentence}" for sentence in wrong] or ["  every promise was kept"]
    return "\n".join(lines)


def _rows(result: Result) -> list[tuple[str, str]]:
    tally, queries, settings = result.tally, result.tenant.queries, result.settings
    fates = Counter(change.fate for change in tally.changes)
    unwaited = queries.unwaited
    per_second = [unwaited[second] for second in range(int(settings.seconds))]
    counts = result.fleet.counts
    kills = sum(node.mdmd.kills for node in result.nodes)
    owed = sum(radiusd.unanswered for node in result.nodes for radiusd in node.radiusds)
    return [
        ("sessions, virtual hours", f"{settings.sessions}, {settings.hours:g}"),
        ("sign-ins, rejects", f"{tally.sign_ins}, {tally.rejected}"),
        (
            "reauthentications by timer",
            f"{tally.by_timer}, {_share(tally.by_timer_fresh, tally.by_timer)} found a fresh record",
        ),
        (
            "reauthentications by CoA",
            f"{tally.by_coa}, {_share(tally.by_coa_fresh, tally.by_coa)} found a fresh record",
        ),
        ("questions to Intune that somebody waited for", f"{queries.waited.total()}"),
        (
            "rechecks and refreshes ahead",
            f"{unwaited.total()}; a second: median {statistics.median(per_second):g}, most {max(per_second)}, "
            f"rate {settings.recheck_rate:g}",
        ),
        ("pages of the bulk list, refusals", f"{queries.pages}, {queries.refused_lists}"),
        ("changes at Intune", f"{len(tally.changes)}: " + ", ".join(f"{n} {fate.value}" for fate, n in fates.items())),
        ("more than one effect, none", f"{fates[Fate.SEVERAL]}, {fates[Fate.NOTHING]}"),
        ("from the change to its CoA", _quantiles(tally.delays)),
        ("from Intune's answer to the authorization", _quantiles(tally.lags)),
        (
            "CoA packets at the devices",
            f"{counts.received}, {counts.duplicates} of them known already, {counts.effects} carried out, "
            f"{counts.naks.total()} refused; {result.network.lost} of {result.network.sent} datagrams lost",
        ),
        ("mdmd killed, answers it owed", f"{kills}, {owed}"),
        ("CPU, real time, memory", f"{result.cpu:.0f} s, {result.real:.0f} s, {result.memory:.0f} MiB"),
    ]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f} %" if whole else "none"


def _quantiles(values: Sequence[float]) -> str:
    """`values` sorted, in seconds."""
    if not values:
        return "none"
    at = [values[min(len(values) - 1, int(len(values) * part))] for part in (0.5, 0.99)]
    return f"median {at[0]:.1f} s, 99th percentile {at[1]:.1f} s, worst {values[-1]:.1f} s"
