"""The live log's columns, which of them fit, and an entry as lines of text. ISE's columns: ise.md section 7."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from ...decision import Outcome
from ...operations.views.live import LogEntry
from . import colours
from .table import safe
from .texts import mac, outcome, short

_GAP = 1
_TIME, _WITH_DAY, _WITH_YEAR = "%H:%M:%S", "%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S"
_SPACE = {_TIME: 8, _WITH_DAY: 14, _WITH_YEAR: 19}  # characters
_STATUS = 8
# What a reason gets at least, before there is another column, and before the columns grow.
_LEAST_REASON, _GOOD_REASON, _LONG_REASON = 20, 38, 56
_ENDPOINT, _DETAILS = 2, 6  # `keep` of these columns
_BELOW = 2  # characters by which a reason is indented that has its own line
_WHOLE, _LONGEST = 24, 40  # characters of any other column: shown whole, and at most
_LEAST_OF_ALL = 30
_MORE = "…"


@dataclass(frozen=True, slots=True)
class LogColumn:
    """`least` and `best`: characters. `keep`: 0 is never left out, the highest one is first."""

    name: str
    text: Callable[[LogEntry], str]
    least: int
    best: int
    keep: int


# In ISE's order, between Status and the reason; beside each, where it has another name there.
COLUMNS = (
    LogColumn("Details", lambda e: short(e.id), 8, 8, 6),
    LogColumn("#", lambda e: str(e.count) if e.count > 1 else "", 3, 4, 1),  # Repeat Count
    LogColumn("Identity", lambda e: e.user, 12, 24, 0),
    LogColumn("Endpoint ID", lambda e: mac(e.endpoint), 17, 17, 2),
    LogColumn("Access", lambda e: e.access, 8, 8, 9),  # Endpoint Profile
    LogColumn("Method", lambda e: e.method, 8, 9, 10),  # Authentication Policy
    LogColumn("Rule", lambda e: e.rule, 10, 20, 3),  # Authorization Policy
    LogColumn("Profile", lambda e: e.profile, 10, 18, 4),  # Authorization Profiles
    LogColumn("IP Address", lambda e: e.ip, 15, 15, 12),
    LogColumn("NAS", lambda e: e.nas, 8, 18, 5),  # Network Device
    LogColumn("Port", lambda e: e.port, 8, 22, 7),  # Device Port
    LogColumn("Source", lambda e: e.identity_source, 8, 15, 13),  # Identity Group
    LogColumn("Compliance", lambda e: e.compliance, 12, 12, 8),  # Posture Status
    LogColumn("MDM Server", lambda e: e.server, 6, 12, 11),
    LogColumn("Session", lambda e: e.session, 12, 24, 14),
)


class Layout:
    """Columns for a width in characters; None: as wide as they like, each line whole.

    The reason stands behind them, in the narrowest terminals below them. `dated`: times with the date. `entries`: all
    that there is to show, when that is known beforehand.
    """

    def __init__(
        self,
        width: int | None,
        entries: Sequence[LogEntry] | None = None,
        *,
        dated: bool = False,
        advice: bool = False,
    ) -> None:
        self._form = _WITH_YEAR if width is None else _WITH_DAY if dated else _TIME
        self._advice, self._time = advice, _SPACE[self._form]
        self._unlimited, self._below = width is None, False
        self._columns: list[tuple[LogColumn, int]] = []
        self._reason = 0
        if width is None:
            self._columns = [(column, column.best) for column in COLUMNS]
        else:
            columns = COLUMNS if entries is None else _for(entries)
            self._fit(max(width, _LEAST_OF_ALL), columns, _GOOD_REASON if advice else _reason_for(entries))

    @property
    def names(self) -> list[str]:
        """Of the columns that are shown."""
        return ["Time", "Status", *(column.name for column, _ in self._columns), "Reason"]

    def header(self) -> Text:
        """The names above their columns."""
        cells = [_sized("Time", self._time), _sized("Status", _STATUS)]
        cells += [_sized(column.name, space) for column, space in self._columns]
        names = cells if self._below else [*cells, "Reason"]
        return Text((" " * _GAP).join(names), style=colours.HEAD)

    def lines(self, entry: LogEntry) -> list[Text]:
        """The first line has every column, the others the rest of the reason, then what to do next."""
        line = Text(self._moment(entry.at), style=colours.DIM)
        status = outcome(entry.outcome, monitored=bool(entry.would_be), unreachable=entry.unreachable)
        status.pad_right(max(0, _STATUS - status.cell_len))
        line = Text.assemble(line, " " * _GAP, status)
        cells = [self._cell(column.text(entry), space) for column, space in self._columns]
        line.append((" " * _GAP).join(["", *cells]))
        told = [(part, "") for part in self._folded(reason_of(entry))]
        if self._advice and entry.advice and (entry.outcome == Outcome.REJECT or entry.unreachable):
            told += [(part, colours.WARNING) for part in self._folded(f"next: {entry.advice}")]
        if self._below:
            return [line, *(Text(" " * _BELOW).append(part, style=style) for part, style in told)]
        indent = line.cell_len + _GAP
        made = []
        for number, (part, style) in enumerate(told):
            start = Text.assemble(line, " " * _GAP) if not number else Text(" " * indent)
            made.append(start.append(part, style=style))
        return made

    @property
    def _indent(self) -> int:
        return self._time + _GAP + _STATUS + _GAP + sum(space + _GAP for _, space in self._columns)

    def _fit(self, width: int, columns: Sequence[LogColumn], good_reason: int) -> None:
        left = width - self._time - _STATUS - 2 * _GAP  # for the columns and the reason
        growth = sum(column.best - column.least for column in columns if not column.keep)
        chosen: list[LogColumn] = []
        for column in sorted(columns, key=lambda column: column.keep):
            # Behind the endpoint the reason gets what it needs before there is another column; then the identity.
            reserve = _LEAST_REASON if column.keep <= _ENDPOINT else good_reason
            reserve += growth if column.keep > _DETAILS else 0
            if column.keep and left - column.least - _GAP < reserve:
                break
            chosen.append(column)
            left -= column.least + _GAP
        spaces = {column.name: column.least for column in chosen}
        for column in chosen:
            reserve = good_reason + (_LONG_REASON - _GOOD_REASON if column.keep else 0)
            more = max(0, min(column.best - column.least, left - reserve))
            spaces[column.name] += more
            left -= more
        self._columns = [(column, spaces[column.name]) for column in columns if column in chosen]
        self._reason = width - self._indent
        if self._reason < _LEAST_REASON:
            self._below, self._reason = True, width - _BELOW
            # What has to be there is the identity alone: it may take the whole line.
            room = width - self._time - _STATUS - 2 * _GAP
            self._columns = [(column, max(column.least, min(column.best, room))) for column, _ in self._columns]

    def _moment(self, at: float) -> str:
        return datetime.fromtimestamp(at).strftime(self._form)

    def _cell(self, text: str, space: int) -> str:
        if not text.isprintable():
            text = safe(text)
        return text + " " * max(0, space - cell_len(text)) if self._unlimited else _sized(text, space)

    def _folded(self, text: str) -> list[str]:
        return [text] if self._unlimited else folded(text, self._reason)


def _for(entries: Sequence[LogEntry]) -> list[LogColumn]:
    """The columns as wide as these entries need them; one in which nothing stands is as good as not there."""
    fitted = []
    for column in COLUMNS:
        longest = max((cell_len(safe(column.text(entry))) for entry in entries), default=0)
        if not longest and column.keep:
            continue
        best = max(len(column.name), min(longest, _LONGEST))
        fitted.append(replace(column, least=min(best, _WHOLE), best=best))
    return fitted


def _reason_for(entries: Sequence[LogEntry] | None) -> int:
    if entries is None:
        return _GOOD_REASON
    longest = max((cell_len(reason_of(entry)) for entry in entries), default=0)
    return max(_LEAST_REASON, min(longest, _GOOD_REASON))


def reason_of(entry: LogEntry) -> str:
    """Code and sentence, with what an operator has to see beside it."""
    notes = []
    if entry.would_be and entry.would_be not in entry.reason:
        notes.append(f"would be {entry.would_be}")
    if entry.unreachable:
        notes.append(f"{entry.server or 'the MDM server'} unreachable")
    text = " ".join(filter(None, (entry.code, entry.reason)))
    return safe(f"{text} ({', '.join(notes)})" if notes else text)


def folded(text: str, width: int) -> list[str]:
    """Lines of at most that many characters, broken between words where that is possible."""
    lines, line = [], ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_len(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        while cell_len(word) > width:
            head = _head(word, width)
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line]


def day(at: float) -> str:
    """The date in the reader's zone."""
    return f"{datetime.fromtimestamp(at):%Y-%m-%d}"


def dated(entries: Sequence[LogEntry], now: float) -> bool:
    """Whether any of them is not of today."""
    return any(day(entry.at) != day(now) for entry in entries)


def _head(word: str, width: int) -> str:
    end = len(word)
    while end > 1 and cell_len(word[:end]) > width:
        end -= 1
    return word[:end]


def _sized(text: str, space: int) -> str:
    return set_cell_size(text, space - 1) + _MORE if cell_len(text) > space else set_cell_size(text, space)
