"""Pushes, which no new decision follows: one whose answer is lost, or of another node, may be what the device has."""

from __future__ import annotations

from pathlib import Path

from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from tests.coa.fake_clock import run, until

from .coa_bench import COMPLIANT, NONCOMPLIANT, bench
from .vpn_bench import FILTER_ID, ONCE, dials_in, elapse, quarantined


def test_there_and_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID) as b:
            at = dials_in(b)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await b.settled()
            assert quarantined(at)
            b.clock.advance(600)
            b.says(COMPLIANT)
            await b.settled(2)
            assert not quarantined(at)

    run(test())


def test_an_unanswered_quarantine_is_lifted(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID, policy=ONCE) as b:
            at = dials_in(b)
            b.nas.behaviour = Behaviour(Mood.MUTE)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await until(lambda: quarantined(at))
            await until(lambda: b.orders()[0].state == "timeout" or b.clock.advance(1))
            b.nas.behaviour = Behaviour()
            b.says(COMPLIANT)
            await until(lambda: not quarantined(at) or b.clock.advance(1))

    run(test())


def test_so_is_one_whose_packet_is_too_old_to_be_sent_again(tmp_path: Path) -> None:
    """After 300 s the device would not know the packet again, and the order waits for another one."""

    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID, policy=ONCE) as b:
            at = dials_in(b)
            b.nas.behaviour = Behaviour(Mood.MUTE)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await until(lambda: quarantined(at))
            b.nas.behaviour = Behaviour(Mood.SILENT)
            await until(
                lambda: (b.orders()[0].state == "planned" and b.orders()[0].packet is None) or b.clock.advance(1)
            )
            b.nas.behaviour = Behaviour()
            b.says(COMPLIANT)
            await until(lambda: not quarantined(at) or b.clock.advance(1))

    run(test())


def test_an_unanswered_release_is_taken_back(tmp_path: Path) -> None:
    """Otherwise a device that is not compliant would keep what was pushed to it when it was."""

    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID, policy=ONCE) as b:
            at = dials_in(b)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await b.settled()
            b.clock.advance(600)
            b.nas.behaviour = Behaviour(Mood.MUTE)
            b.says(COMPLIANT)
            await until(lambda: not quarantined(at))
            await until(lambda: b.orders()[1].state == "timeout" or b.clock.advance(1))
            b.nas.behaviour = Behaviour()
            b.says(NONCOMPLIANT)
            await until(lambda: quarantined(at) or b.clock.advance(1))
            orders = await b.settled(3)
            assert [each.state for each in orders] == ["acked", "superseded", "acked"]

    run(test())


def test_what_was_refused_has_not_arrived(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID) as b:
            at = dials_in(b)
            b.nas.behaviour = Behaviour(Mood.NAK, 506)  # Resources Unavailable: to be tried again later
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "nak")
            b.nas.behaviour = Behaviour()
            received = b.nas.received
            b.says(COMPLIANT)
            (order,) = await b.settled()
            await elapse(b, 60)
            assert (order.state, b.nas.received, quarantined(at)) == ("superseded", received, False)

    run(test())


def test_what_another_node_has_pushed(tmp_path: Path) -> None:
    """A node that took the session over has its decision, and not the orders."""

    async def test() -> None:
        async with bench(tmp_path, *FILTER_ID) as b:
            at = dials_in(b)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await b.settled()
            first = b.orders()[0].id
            assert b.session().profile == "Quarantine"
            with b.writer._transaction() as connection:
                connection.execute("DELETE FROM coa_orders")
            b.clock.advance(600)
            b.says(COMPLIANT)
            (order,) = await b.settled()
            assert not quarantined(at)
            b.clock.advance(600)
            b.says(NONCOMPLIANT)
            await b.settled(2)
            assert quarantined(at)
            # What all nodes have settled once is never ordered again.
            assert len({first, order.id, b.orders()[1].id}) == 3

    run(test())
