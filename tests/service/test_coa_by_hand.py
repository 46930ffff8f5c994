"""An operator's order: it goes out whether the session needs it or not, once, and not hours later."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind
from freeradius_mdm.service.coa_by_hand import CoaByHand, NotOrderedError
from freeradius_mdm.store.coa_orders import CoaOrder
from tests.coa.fake_clock import run, until
from tests.service.coa_bench import COMPLIANT, NONCOMPLIANT, Bench, BenchClock, bench

REAUTHENTICATED, DISCONNECTED, BOUNCED = EffectKind.REAUTHENTICATED, EffectKind.DISCONNECTED, EffectKind.BOUNCED
ONCE = RetransmissionPolicy(first_wait=2.0, count=1, duration=2.0)


def by_hand(b: Bench) -> CoaByHand:
    return CoaByHand(b.keeper.directory, b.desk, lambda: b.config[0], b.clock.wall)


async def give(b: Bench, action: str = "") -> CoaOrder:
    return await by_hand(b).give(b.session().id, action, "alice (by root)")


@pytest.mark.parametrize(
    ("action", "effect"),
    [("", REAUTHENTICATED), ("reauthenticate", REAUTHENTICATED), ("disconnect", DISCONNECTED), ("bounce", BOUNCED)],
)
def test_it_is_carried_out_though_nothing_has_changed(action: str, effect: EffectKind, tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            given = await give(b, action)
            assert (given.state, given.author, given.asked) == ("planned", "alice (by root)", action)
            assert given.reason == f"by alice (by root): {action or 'the usual action'}"
            (order,) = await b.settled(1)
            assert (order.id, order.state, order.code) == (given.id, "acked", "M1601")
            assert b.nas.effects_on(at_switch) == [effect]
            assert b.nas.received == 1

    run(test())


def test_a_grace_is_cut_short_and_then_all_is_well(tmp_path: Path) -> None:
    """The policy's own order gives way; the session gets what it is to have by the operator's, and nothing twice."""

    async def test() -> None:
        async with bench(tmp_path, coa='grace = "5m"\n') as b:
            at_switch = b.starts()
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "grace")
            b.clock.advance(1)
            await give(b)
            first, second = await b.settled(2)
            assert (first.state, second.state) == ("superseded", "acked")
            assert first.detail == f"order {second.id}: by alice (by root): the usual action"
            b.clock.advance(400)
            await b.quiet()
            assert (b.nas.effects_on(at_switch), b.session().profile) == ([REAUTHENTICATED], "Quarantine")

    run(test())


def test_a_change_while_it_is_open_is_looked_at_when_it_is_done(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, policy=ONCE) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 506)  # resources unavailable: again later
            await give(b, "bounce")
            await until(lambda: b.orders()[0].state == "nak")
            b.says(NONCOMPLIANT)
            await b.quiet()
            assert len(b.orders()) == 1  # not superseded: it brings the new authorization too
            b.nas.behaviour = Behaviour(Mood.NAK, 501)  # administratively prohibited: settled
            b.clock.advance(11)
            await until(lambda: b.orders()[0].settled)
            b.nas.behaviour = Behaviour()
            await b.settled(2)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED]
            assert b.session().profile == "Quarantine"

    run(test())


def test_it_is_given_up_after_five_minutes(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, policy=ONCE) as b:
            b.starts()
            b.nas.behaviour = Behaviour(Mood.SILENT)
            given = await give(b)
            while not b.orders()[0].settled:
                b.clock.advance(1)
                await asyncio.sleep(0.002)
            (order,) = b.orders()
            assert (order.state, order.code) == ("timeout", "M1620")
            assert order.detail.endswith("; given up after 300 s")
            assert 300 <= b.clock.wall() - given.created_at < 330
            received = b.nas.received
            b.nas.behaviour = Behaviour()
            b.clock.advance(1000)
            await b.quiet()
            await asyncio.sleep(0.05)
            assert b.nas.received == received

    run(test())


def test_an_old_one_is_not_carried_out_after_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            at_switch = first.starts()
            await first.quiet()
            session = first.session()
            order = await give(first)
            await first.settled(1)
            assert len(first.nas.effects_on(at_switch)) == 1
            old = CoaOrder(**{**{name: getattr(order, name) for name in order.__slots__}, "id": "e" * 24})
            await first.is_killed(lambda: first.writer.put_orders([old]))
            clock.advance(301)
            async with bench(tmp_path, clock=clock, nas=first.nas) as second:
                second.decided, second.position = first.decided, first.position
                await until(lambda: all(each.settled for each in second.orders()))
                late = next(each for each in second.orders() if each.id == old.id)
                assert (late.state, late.code, late.session_id) == ("failed", "M1623", session.id)
                assert len(first.nas.effects_on(at_switch)) == 1

    run(test())


def test_once(tmp_path: Path) -> None:
    """While one is under way, or may have had its effect, the same is not ordered again."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(answer_copy=2)
            given = await give(b)
            await until(lambda: b.nas.received == 1)
            for action in ("", "disconnect"):
                with pytest.raises(NotOrderedError, match=f"order {given.id} about this session is under way: reauth"):
                    await give(b, action)
            b.nas.behaviour = Behaviour()
            b.clock.advance(3)
            await b.settled(1)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED]

    run(test())


def test_off_and_dry_run(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path / "off", coa='mode = "off"\n') as b:
            b.starts()
            with pytest.raises(NotOrderedError, match=r"switched off, coa\.mode is off"):
                await give(b)
            assert b.orders() == []
        async with bench(tmp_path / "dry", coa='mode = "dry-run"\n') as b:
            b.starts()
            await give(b, "disconnect")
            (order,) = await b.settled(1)
            assert (order.state, order.action, b.nas.received) == ("dry-run", "disconnect", 0)
            assert order.attributes == "Cisco-AVPair = audit-session-id=AUDIT1"  # ise.md section 6

    (tmp_path / "off").mkdir()
    (tmp_path / "dry").mkdir()
    run(test())


def test_what_can_not_be_ordered(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            with pytest.raises(NotOrderedError, match="can't be asked to push") as caught:
                await give(b, "push")
            assert caught.value.allowed == "reauthenticate, disconnect, bounce"
            with pytest.raises(LookupError, match="no live session of this node has the id '0000'"):
                await by_hand(b).give("0000", "", "alice")

    run(test())


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    """Where the policy would disconnect next, an operator who asked to reauthenticate gets a failure instead."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 405)
            await give(b, "reauthenticate")
            (order,) = await b.settled(1)
            assert (order.state, order.code, order.cause) == ("failed", "M1613", 405)
            assert b.nas.effects_on(at_switch) == []
            assert b.keeper.directory.of_endpoint(b.key()) != []

    run(test())


def test_a_record_that_is_the_same_does_not_withdraw_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, policy=ONCE) as b:
            b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 506)
            await give(b)
            await until(lambda: b.orders()[0].state == "nak")
            b.says(COMPLIANT)
            b.changes.look(b.session().id)
            await b.quiet()
            assert b.orders()[0].state == "nak"

    run(test())
