"""One line per event, whatever is in it, wherever it goes."""

from __future__ import annotations

import io
import logging

from freeradius_mdm.service.events import EventLog, FromLogging


class FullDisk(io.StringIO):
    """A stream that can't be written."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_lines() -> None:
    stream = io.StringIO()
    events = EventLog(stream, lambda: 1_700_000_000.0)
    events.info("ready")
    events.warning("odd", server="intune", ms=1.25)
    events.error("bad", error="two\nlines")
    assert stream.getvalue().splitlines() == [
        "time=2023-11-14T22:13:20.000Z level=info event=ready",
        "time=2023-11-14T22:13:20.000Z level=warning event=odd server=intune ms=1.2",
        'time=2023-11-14T22:13:20.000Z level=error event=bad error="two?lines"',
    ]


def test_a_log_that_can_not_be_written_stops_nothing() -> None:
    EventLog(FullDisk(), lambda: 0.0).error("bad")


def test_lines_of_the_standard_logging() -> None:
    stream = io.StringIO()
    logger = logging.Logger("ours")
    logger.addHandler(FromLogging(EventLog(stream, lambda: 1_700_000_000.0)))
    logger.info("event=%s host=%s", "address_found", "crs.example")
    logger.error("event=x text=two\nlines")
    assert stream.getvalue().splitlines() == [
        "time=2023-11-14T22:13:20.000Z level=info event=address_found host=crs.example",
        "time=2023-11-14T22:13:20.000Z level=error event=x text=two?lines",
    ]
