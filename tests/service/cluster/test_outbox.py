"""What is kept for Redis: the latest of each thing, in order, sent again when it is not known to have arrived."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from redis.exceptions import ReadOnlyError, ResponseError

from freeradius_mdm.service.cluster.line import Command
from freeradius_mdm.service.cluster.outbox import Outbox, Parcel
from freeradius_mdm.service.events import EventLog
from tests.service.fakes import until


class MemoryLine:
    """A line that keeps what it is given. `error`: raised instead; `answers`: the reply to a command."""

    def __init__(self) -> None:
        self.got: list[Command] = []
        self.error: Exception | None = None
        self.answers: dict[Command, object] = {}

    async def run(self, commands: list[Command], timeout: float) -> list[object]:
        if self.error is not None:
            raise self.error
        self.got += commands
        return [self.answers.get(command, 1) for command in commands]


def _outbox(most: int = 100) -> tuple[Outbox, MemoryLine, io.StringIO]:
    log = io.StringIO()
    return Outbox(EventLog(log, time.time), most), MemoryLine(), log


def _parcel(*words: str | int, rank: float = 0.0) -> Parcel:
    return Parcel(lambda: words, rank=rank)


def test_the_latest_of_each_thing_in_order() -> None:
    outbox, line, _ = _outbox()
    for number in range(3):
        outbox.add("one", _parcel("one", number))
        outbox.add("two", _parcel("two", number))
    outbox.add("ranked", _parcel("newer", rank=2.0))
    outbox.add("ranked", _parcel("older", rank=1.0))
    outbox.add("not worth it", Parcel(lambda: None))
    asyncio.run(outbox.flush(line))  # type: ignore[arg-type]
    assert line.got == [("one", 2), ("two", 2), ("newer",)]
    assert len(outbox) == 0


async def _broken() -> None:
    outbox, line, _ = _outbox()
    outbox.add("one", _parcel("one", 1))
    outbox.add("two", _parcel("two", 1))
    line.error = ConnectionError("gone")
    with pytest.raises(ConnectionError):
        await outbox.run(line)  # type: ignore[arg-type]
    outbox.add("two", _parcel("two", 2))  # meanwhile
    assert len(outbox) == 2
    line.error = None
    task = asyncio.create_task(outbox.run(line))  # type: ignore[arg-type]
    await outbox.emptied()
    assert line.got == [("one", 1), ("two", 2)]
    outbox.add("three", _parcel("three"))
    await until(lambda: ("three",) in line.got)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_kept_when_the_line_breaks() -> None:
    asyncio.run(_broken())


async def _refused() -> None:
    outbox, line, log = _outbox()
    for name in ("one", "two"):
        outbox.add(name, _parcel(name))
    line.answers[("two",)] = ReadOnlyError("you can't write against a replica")
    with pytest.raises(ReadOnlyError):
        await outbox.flush(line)  # type: ignore[arg-type]
    assert len(outbox) == 2  # the server's trouble: everything is sent again
    line.answers[("two",)] = ResponseError("WRONGTYPE Operation against a key")
    await outbox.flush(line)  # type: ignore[arg-type]
    assert len(outbox) == 0  # this one's own: it must not hold up the others for ever
    assert "what=two" in log.getvalue()
    assert "WRONGTYPE" in log.getvalue()


def test_what_redis_refuses() -> None:
    asyncio.run(_refused())


def test_an_overflow_is_remembered() -> None:
    outbox, _, log = _outbox(most=3)
    for number in range(3):
        outbox.add(f"{number}", _parcel(number))
    assert not outbox.overflown
    outbox.add("0", _parcel("again"))  # no more than before
    assert not outbox.overflown
    outbox.add("3", _parcel(3))
    assert outbox.overflown
    assert len(outbox) == 1
    assert log.getvalue().count("cluster_outbox_overflown") == 1
