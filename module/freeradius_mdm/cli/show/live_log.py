"""Draws the live log: in place on a terminal, line by line into a pipe."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ...operations.views.following import Arrival
from ...operations.views.live import Grouping, LogEntry, LogLine
from . import colours
from .listing import width_of
from .log_columns import Layout, day
from .table import safe

_MARGIN = 2  # lines of the terminal that stay free, so that nothing scrolls by itself
_ECHO = 3  # columns for the ^C that a terminal writes behind the last line: a wrapped one would upset every other


class Drawing(Protocol):
    """Where the live log goes."""

    def __enter__(self) -> Drawing: ...

    def __exit__(self, *_: Any) -> None: ...

    def show(self, arrivals: Sequence[Arrival]) -> None:
        """Decisions as they came in."""
        ...

    def notice(self, text: str) -> None:
        """What keeps the log from going on; "" once nothing does."""
        ...


class _Notices:
    """Told once, on standard error."""

    def __init__(self, console: Console) -> None:
        self._console, self._told = console, ""

    def notice(self, text: str) -> None:
        if text and text != self._told:
            self._console.print(Text(safe(text), style=colours.WARNING))
        self._told = text


class JsonLines(_Notices):
    """One JSON object for each decision, as mdmd's API has it; with `grouping`, for each line that is new or other."""

    def __init__(self, file: TextIO, notices: Console, grouping: Grouping | None) -> None:
        super().__init__(notices)
        self._file, self._grouping = file, grouping

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def show(self, arrivals: Sequence[Arrival]) -> None:
        for arrival, count, first_at in self._lines(arrivals):
            body: dict[str, Any] = {"seq": arrival.stored.seq, **asdict(arrival.stored.decision)}
            if self._grouping is not None:
                body |= {"repeat_count": count, "first_at": first_at}
            self._file.write(json.dumps(body, separators=(",", ":")) + "\n")
        self._file.flush()

    def _lines(self, arrivals: Sequence[Arrival]) -> Iterable[tuple[Arrival, int, float]]:
        if self._grouping is None:
            return [(arrival, 1, arrival.entry.at) for arrival in arrivals]
        grouped = [(arrival, self._grouping.add(arrival.entry)) for arrival in arrivals]
        newest = {line.number: (arrival, line.entry.count, line.entry.first_at) for arrival, line in grouped}
        return newest.values()


class Stream(_Notices):
    """Line by line below a header; with `grouping`, what repeats within what comes in at once is one line."""

    def __init__(self, console: Console, notices: Console, grouping: Grouping | None, *, advice: bool) -> None:
        super().__init__(notices)
        self._out, self._grouping = console, grouping
        self._layout = Layout(width_of(console), dated=True, advice=advice)

    def __enter__(self) -> Stream:
        self._print([self._layout.header()])
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def show(self, arrivals: Sequence[Arrival]) -> None:
        entries = [arrival.entry for arrival in arrivals]
        if self._grouping is not None:
            grouped = map(self._grouping.add, entries)
            entries = list({line.number: line.entry for line in grouped}.values())
        self._print([text for entry in entries for text in self._layout.lines(entry)])

    def _print(self, texts: Sequence[Text]) -> None:
        for text in texts:
            text.rstrip()
        if texts:
            self._out.print(Text("\n").join(texts), soft_wrap=True)
            self._out.file.flush()


@dataclass(slots=True)
class _Shown:
    entry: LogEntry
    heading: str  # the date, above the first line of another day

    def texts(self, layout: Layout) -> list[Text]:
        heading = [Text(self.heading, style=colours.DIM)] if self.heading else []
        return heading + layout.lines(self.entry)


class Screen:
    """The newest lines stand at the bottom of the terminal and change in place; what leaves them stays above.

    `today`: the date under which times without one are read, as `day` gives it.
    """

    def __init__(self, console: Console, grouping: Grouping, today: str, *, advice: bool) -> None:
        self._console, self._grouping, self._advice = console, grouping, advice
        self._shown: OrderedDict[int, _Shown] = OrderedDict()
        self._day = today
        self._notice = ""
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Screen:
        self._live.__enter__()
        self._draw()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        layout = self._layout()
        self._live.update(Group(*self._region(layout)), refresh=True)
        self._live.__exit__(kind, error, trace)

    def show(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            self._put(self._grouping.add(arrival.entry))
        self._draw()

    def notice(self, text: str) -> None:
        if text != self._notice:
            self._notice = text
            self._draw()

    def _put(self, line: LogLine) -> None:
        before, today = self._shown.get(line.number), day(line.entry.at)
        if before is not None and day(before.entry.at) == today:
            before.entry = line.entry
            return
        if before is not None:  # it goes on on another day, below its date
            self._remove(line.number)
        self._shown[line.number] = _Shown(line.entry, today if today != self._day else "")
        self._day = today

    def _remove(self, number: int) -> None:
        numbers = list(self._shown)
        behind = numbers[numbers.index(number) + 1 :]
        gone = self._shown.pop(number)
        if gone.heading and behind and not self._shown[behind[0]].heading:
            self._shown[behind[0]].heading = gone.heading

    def _layout(self) -> Layout:
        return Layout(self._console.width, advice=self._advice)

    def _region(self, layout: Layout) -> list[Text]:
        return [layout.header(), *(text for shown in self._shown.values() for text in shown.texts(layout))]

    def _draw(self) -> None:
        layout = self._layout()
        room = max(1, self._console.height - _MARGIN - 1)  # the last line tells how it goes on
        gone: list[Text] = []
        region = self._region(layout)
        while len(region) > room and len(self._shown) > 1:
            _, shown = self._shown.popitem(last=False)
            texts = shown.texts(layout)
            gone += texts
            del region[1 : 1 + len(texts)]
        with self._console:  # written at once, so that nothing flickers
            if gone:
                self._console.print(Text("\n").join(gone))
            self._live.update(Group(*region, self._last_line()), refresh=True)

    def _last_line(self) -> Text:
        text = safe(self._notice) or "waiting for decisions, Ctrl-C ends"
        style = colours.WARNING if self._notice else colours.DIM
        return Text(set_cell_size(text, max(1, min(cell_len(text), self._console.width - _ECHO))), style=style)
