"""The sender against the lab's network device in every mood; time stands still unless a test moves it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from freeradius_mdm.coa.attributes import Attribute
from freeradius_mdm.coa.pacing import Pace
from freeradius_mdm.coa.packet import Code, event_timestamp
from freeradius_mdm.coa.sender import Order, Outcome, Prepared, Result, Sender
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind

from .devices import SECRET, disconnect, reauthenticate, session, settings
from .fake_clock import START, FakeClock, run, until

FAST = Pace(in_flight=1000, per_second=float("inf"))


@dataclass
class Bench:
    clock: FakeClock
    nas: LabNas
    sender: Sender

    def start(self, order: Order, secret: bytes = SECRET) -> asyncio.Task[Result]:
        return asyncio.create_task(self.sender.send(order, secret))

    async def copies(self, count: int) -> None:
        await until(lambda: self.nas.received == count)


@asynccontextmanager
async def bench(behaviour: Behaviour | None = None) -> AsyncIterator[Bench]:
    clock = FakeClock()
    nas = LabNas(settings(), wall=clock.wall)
    nas.behaviour = behaviour or Behaviour()
    sender = Sender(pace=FAST, clock=clock, jitter=lambda: 0.0)
    with nas:
        nas.start(session(1))
        nas.start(session(2))
        try:
            yield Bench(clock, nas, sender)
        finally:
            sender.close()


def test_acknowledged() -> None:
    async def test() -> None:
        async with bench() as b:
            assert await b.start(reauthenticate(b.nas)) == Result(Outcome.ACK, "acknowledged", sent=1)
            assert await b.start(disconnect(b.nas, 2)) == Result(Outcome.ACK, "acknowledged", sent=1)
            assert [effect.kind for effect in b.nas.effects] == [EffectKind.REAUTHENTICATED, EffectKind.DISCONNECTED]
            assert b.nas.dropped == {}

    run(test())


def test_what_the_device_refuses() -> None:
    async def test() -> None:
        async with bench() as b:
            gone = Result(Outcome.NAK, "503 Session Context Not Found", 503, 1)
            assert await b.start(reauthenticate(b.nas, 9)) == gone
            b.nas.behaviour = Behaviour(Mood.NAK)
            assert await b.start(disconnect(b.nas)) == Result(Outcome.NAK, "no Error-Cause", None, 1)
            b.nas.behaviour = Behaviour(Mood.NAK, 501)
            refused = Result(Outcome.NAK, "501 Administratively Prohibited", 501, 1)
            assert await b.start(disconnect(b.nas)) == refused
            assert b.nas.effects == []

    run(test())


def test_a_silent_device_gets_the_same_octets_until_time_is_up() -> None:
    async def test() -> None:
        async with bench(Behaviour(Mood.SILENT)) as b:
            task = b.start(reauthenticate(b.nas))
            for copies, pause in ((1, 2), (2, 4), (3, 8), (4, 16)):
                await b.copies(copies)
                b.clock.advance(pause)
            result = await task
            assert result == Result(Outcome.TIMEOUT, "no answer in 30 s, sent 4 times", sent=4, in_doubt=True)
            assert len(b.nas.requests) == 4
            assert len(set(b.nas.requests)) == 1
            # the time stamp is that of the first sending
            assert event_timestamp(b.nas.requests[3]) == START
            assert (b.nas.distinct, b.nas.duplicates) == (1, 3)
            assert b.clock.waits == [2, 4, 8, 16]

    run(test())


def test_a_lost_answer_has_one_effect() -> None:
    async def test() -> None:
        async with bench(Behaviour(answer_copy=3)) as b:
            task = b.start(reauthenticate(b.nas))
            await b.copies(1)
            b.clock.advance(2)
            await b.copies(2)
            b.clock.advance(4)
            assert await task == Result(Outcome.ACK, "acknowledged", sent=3)
            assert len(b.nas.effects) == 1

    run(test())


def test_a_forged_answer_is_counted_and_the_wait_goes_on() -> None:
    async def test() -> None:
        async with bench(Behaviour(Mood.FORGED)) as b:
            task = b.start(reauthenticate(b.nas))
            await b.copies(1)
            b.clock.advance(2)
            await b.copies(2)
            b.clock.advance(28)
            result = await task
            assert (result.outcome, result.sent, result.in_doubt) == (Outcome.TIMEOUT, 2, True)
            assert len(result.discarded) == 2
            assert "discarded: wrong Response Authenticator" in result.detail
            assert result.detail.count("wrong") == 1

    run(test())


def test_a_wrong_secret_is_silence() -> None:
    async def test() -> None:
        async with bench() as b:
            task = b.start(reauthenticate(b.nas), b"wrong")
            await b.copies(1)
            b.clock.advance(30)
            assert (await task).outcome is Outcome.TIMEOUT
            assert b.nas.dropped == {"wrong Request Authenticator": 1}
            assert b.nas.effects == []

    run(test())


def test_an_answer_that_comes_twice() -> None:
    async def test() -> None:
        async with bench(Behaviour(Mood.TWICE)) as b:
            for _ in range(5):
                assert (await b.start(reauthenticate(b.nas))).outcome is Outcome.ACK
            assert len(b.nas.effects) == 5

    run(test())


def test_a_dead_device_and_its_return() -> None:
    async def test() -> None:
        async with bench() as b:
            b.nas.die()
            result = await b.start(reauthenticate(b.nas))
            assert (result.outcome, result.sent, result.in_doubt) == (Outcome.UNREACHABLE, 1, False)
            assert "refused" in result.detail
            b.nas.come_back()
            assert (await b.start(reauthenticate(b.nas))).outcome is Outcome.ACK

    run(test())


def test_a_device_that_dies_with_the_request() -> None:
    async def test() -> None:
        async with bench(Behaviour(Mood.MUTE)) as b:
            task = b.start(reauthenticate(b.nas))
            await b.copies(1)
            b.nas.die()
            b.clock.advance(2)
            result = await task
            assert (result.outcome, result.sent, result.in_doubt) == (Outcome.UNREACHABLE, 2, True)

    run(test())


def test_each_request_has_its_own_identifier_and_they_rest() -> None:
    async def test() -> None:
        async with bench() as b:
            for _ in range(300):
                assert (await b.start(reauthenticate(b.nas))).outcome is Outcome.ACK
            # no two were taken for copies, although there are only 256 numbers: the 257th came from another port
            assert (b.nas.distinct, b.nas.duplicates) == (300, 0)
            numbers = [octets[1] for octets in b.nas.requests]
            assert len(set(numbers[:256])) == 256
            first = numbers[0]
            assert numbers[:3] == [first, (first + 1) % 256, (first + 2) % 256]

    run(test())


def test_many_at_once() -> None:
    async def test() -> None:
        async with bench() as b:
            for number in range(3, 203):
                b.nas.start(session(number))
            results = await asyncio.gather(*(b.start(reauthenticate(b.nas, number)) for number in range(3, 203)))
            assert {result.outcome for result in results} == {Outcome.ACK}
            assert len({id(effect.session) for effect in b.nas.effects}) == 200

    run(test())


def test_it_is_stored_before_it_is_sent() -> None:
    async def test() -> None:
        async with bench() as b:
            stored: list[Prepared] = []

            async def remember(prepared: Prepared) -> None:
                assert b.nas.received == 0
                stored.append(prepared)

            assert (await b.sender.send(reauthenticate(b.nas), SECRET, remember)).outcome is Outcome.ACK
            (prepared,) = stored
            assert prepared.octets == b.nas.requests[0]
            assert prepared.identifier == prepared.octets[1]
            assert (prepared.device, prepared.port, prepared.source) == ("127.0.0.1", b.nas.port, "127.0.0.1")
            assert prepared.created == START
            assert SECRET.decode() not in repr(prepared)

            async def fail(_: Prepared) -> None:
                raise OSError("disk full")

            with pytest.raises(OSError, match="disk full"):
                await b.sender.send(reauthenticate(b.nas), SECRET, fail)
            assert b.nas.received == 1

    run(test())


def test_after_a_crash_the_same_request_has_no_second_effect() -> None:
    async def test() -> None:
        async with bench(Behaviour(answer_copy=2)) as b:
            stored: list[Prepared] = []

            async def remember(prepared: Prepared) -> None:
                stored.append(prepared)

            task = asyncio.create_task(b.sender.send(reauthenticate(b.nas), SECRET, remember))
            await b.copies(1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            b.sender.close()  # what the kernel does with the sockets of a process that dies
            await asyncio.sleep(0)  # asyncio closes them in its next round
            b.clock.advance(20)

            second = Sender(pace=FAST, clock=b.clock, jitter=lambda: 0.0)
            assert await second.resume(stored[0], SECRET) == Result(Outcome.ACK, "acknowledged", sent=1)
            second.close()
            assert b.nas.requests[0] == b.nas.requests[1]
            assert (b.nas.distinct, b.nas.duplicates, len(b.nas.effects)) == (1, 1, 1)

    run(test())


def test_resuming_with_the_sender_that_timed_out() -> None:
    async def test() -> None:
        async with bench(Behaviour(answer_copy=2)) as b:
            stored: list[Prepared] = []

            async def remember(prepared: Prepared) -> None:
                stored.append(prepared)

            task = asyncio.create_task(b.sender.send(reauthenticate(b.nas), SECRET, remember))
            await b.copies(1)
            b.clock.advance(30)
            assert (await task).outcome is Outcome.TIMEOUT
            assert (await b.sender.resume(stored[0], SECRET)).outcome is Outcome.ACK
            assert (b.nas.duplicates, len(b.nas.effects)) == (1, 1)

    run(test())


def test_what_can_not_be_resumed() -> None:
    async def test() -> None:
        async with bench(Behaviour(Mood.MUTE)) as b:
            stored: list[Prepared] = []

            async def remember(prepared: Prepared) -> None:
                stored.append(prepared)

            task = asyncio.create_task(b.sender.send(reauthenticate(b.nas), SECRET, remember))
            await b.copies(1)
            (prepared,) = stored
            # under way: no second exchange with the same number, and the first is not disturbed
            busy = await b.sender.resume(prepared, SECRET)
            assert busy == Result(Outcome.NOT_SENT, "it is in flight already", in_doubt=True)
            other = Sender(pace=FAST, clock=b.clock)
            taken = await other.resume(prepared, SECRET)
            assert (taken.outcome, taken.in_doubt) == (Outcome.NOT_SENT, True)
            assert f"no socket on 127.0.0.1 port {prepared.source_port}" in taken.detail
            changed = await b.sender.resume(prepared, b"another secret")
            assert changed == Result(Outcome.NOT_SENT, "the shared secret has changed since", in_doubt=True)
            b.clock.advance(30)
            assert (await task).outcome is Outcome.TIMEOUT
            b.clock.advance(270)
            old = await b.sender.resume(prepared, SECRET)
            assert (old.outcome, old.in_doubt, old.detail[:15]) == (Outcome.NOT_SENT, True, "it is 300 s old")
            assert b.nas.received == 1
            other.close()

    run(test())


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (Order("not an address", 3799, Code.COA_REQUEST, []), "no socket"),
        (Order("127.0.0.1", 3799, Code.COA_REQUEST, [], source="192.0.2.77"), "no socket from 192.0.2.77"),
        (Order("127.0.0.1", 3799, Code.COA_REQUEST, [Attribute("Nonsense", "x")]), "Nonsense: no attribute"),
        (Order("127.0.0.1", 3799, Code.COA_ACK, []), "no request"),
    ],
)
def test_what_can_not_be_sent(order: Order, why: str) -> None:
    async def test() -> None:
        sender = Sender(pace=FAST, clock=FakeClock())
        result = await sender.send(order, SECRET)
        assert (result.outcome, result.sent, result.in_doubt) == (Outcome.NOT_SENT, 0, False)
        assert why in result.detail
        sender.close()

    run(test())


def test_the_source_address() -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.settimeout(10)
            clock = FakeClock()
            sender = Sender(pace=FAST, clock=clock)
            order = Order("127.0.0.1", listener.getsockname()[1], Code.DISCONNECT_REQUEST, [], source="127.0.0.9")
            task = asyncio.create_task(sender.send(order, SECRET))
            await until(lambda: clock.waits)
            _, sent_from = listener.recvfrom(4096)
            assert sent_from[0] == "127.0.0.9"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            sender.close()

    run(test())


def test_the_pace_is_kept() -> None:
    async def test() -> None:
        clock = FakeClock()
        with LabNas(settings(), wall=clock.wall) as nas:
            nas.start(session(1))
            sender = Sender(pace=Pace(in_flight=5, per_second=2), clock=clock)
            tasks = [asyncio.create_task(sender.send(reauthenticate(nas), SECRET)) for _ in range(3)]
            await until(lambda: tasks[0].done())
            assert (nas.received, sender.waiting("127.0.0.1")) == (1, 2)
            clock.advance(0.5)
            await until(lambda: tasks[1].done())
            assert nas.received == 2
            clock.advance(0.5)
            await asyncio.gather(*tasks)
            # the time stamp is of the sending, not of the standing in line
            assert event_timestamp(nas.requests[2]) == START + 1
            sender.close()

    run(test())
