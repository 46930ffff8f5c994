"""Orders on their way: what a device answers, or does not, a mdmd that ends between, and one effect whatever happens.

Error causes: RFC 5176 section 3.5 with ise.md section 6.3. Retransmission: RFC 5080 section 2.2.1, 2 s doubled, 30 s.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind
from freeradius_mdm.sessions.model import EndCause
from tests.coa.fake_clock import run, until
from tests.service.coa_bench import COMPLIANT, CONFIRM, NONCOMPLIANT, BenchClock, bench

REAUTHENTICATED, DISCONNECTED, BOUNCED = EffectKind.REAUTHENTICATED, EffectKind.DISCONNECTED, EffectKind.BOUNCED
ONCE = RetransmissionPolicy(first_wait=2.0, count=1, duration=2.0)


def test_a_reauthentication(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.says(NONCOMPLIANT)
            (order,) = await b.settled()
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED]
            assert (order.state, order.action, order.code) == ("acked", "reauthenticate", "M1601")
            assert order.detail == f"authorized anew by decision {b.session().decision_id}"
            assert (b.session().rule, b.session().coa_result) == ("Quarantined", "M1601 reauthenticate: acknowledged")
            assert dict(b.desk.counts) == {"sent": 1, "acked": 1}

    run(test())


REFUSALS = {
    # Error-Cause: the order's state, its code, requests, and whether the session lives on here.
    201: ("acked", "M1601", 1, True),
    401: ("nak", "M1611", 1, True),
    402: ("nak", "M1611", 1, True),
    404: ("nak", "M1611", 1, True),
    407: ("nak", "M1611", 1, True),
    403: ("nak", "M1612", 1, True),
    501: ("nak", "M1612", 1, True),
    503: ("gone", "M1602", 1, False),
    508: ("nak", "M1614", 2, True),  # once more with everything that names the session
    405: ("nak", "M1612", 2, True),  # then a Disconnect, behind which there is nothing
    406: ("nak", "M1612", 2, True),
}


def test_a_reason_that_several_actions_have_in_common_is_told_once(tmp_path: Path) -> None:
    """Cisco knows a session by its audit-session-id alone, whatever it is asked for (ise.md section 6)."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.says(COMPLIANT)
            b.reads(replace(b.decide().decision, audit_session_id=""))
            b.says(NONCOMPLIANT)
            (order,) = await b.settled()
            assert (order.state, order.code) == ("failed", "M1630")
            assert order.tried == ("reauthenticate", "disconnect")
            assert order.detail == (
                "reauthenticate, disconnect: Cisco IOS, IOS-XE switches, Catalyst 9800 knows a session by"
                " audit-session-id, which this one lacks"
            )
            assert b.nas.received == 0

    run(test())


@pytest.mark.parametrize("cause", REFUSALS)
def test_a_refusal(cause: int, tmp_path: Path) -> None:
    state, code, requests, lives = REFUSALS[cause]

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.authenticates = False
            b.nas.behaviour = Behaviour(Mood.NAK, cause)
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == state)
            (order,) = b.orders()
            assert (order.code, order.cause, b.nas.distinct) == (code, cause, requests)
            await until(lambda: bool(b.keeper.directory.of_endpoint(b.key())) is lives)
            assert bool(b.desk.alarms.list()) is (state == "nak")
            assert order.settled is (state != "acked")

    run(test())


@pytest.mark.parametrize("cause", [504, 505, 506])
def test_a_refusal_for_now_is_tried_again_with_another_packet(cause: int, tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, cause)
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "nak")
            assert not b.orders()[0].settled
            b.clock.advance(9.9)
            await asyncio.sleep(0.02)
            assert b.nas.received == 1
            b.nas.behaviour = Behaviour()
            b.clock.advance(0.2)
            (order,) = await b.settled()
            assert (order.state, b.nas.distinct, b.nas.effects_on(at_switch)) == ("acked", 2, [REAUTHENTICATED])
            assert b.desk.alarms.list() == []

    run(test())


def test_a_device_that_can_not_reauthenticate_is_asked_to_disconnect(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 405)
            taken = b.nas._take

            def once(*arguments: object) -> None:  # the switch, which knows no reauthenticate
                taken(*arguments)  # type: ignore[arg-type]
                b.nas.behaviour = Behaviour()

            b.nas._take = once  # type: ignore[method-assign]
            b.says(NONCOMPLIANT)
            (order,) = await b.settled()
            assert b.nas.effects_on(at_switch) == [DISCONNECTED]
            assert (order.state, order.action, order.tried) == ("acked", "disconnect", ("reauthenticate",))
            assert b.keeper.directory.of_endpoint(b.key()) == []

    run(test())


@pytest.mark.parametrize(
    ("setting", "effect"),
    [('"disconnect"', DISCONNECTED), ('"bounce"', BOUNCED), ('["push", "reauthenticate"]', REAUTHENTICATED)],
)
def test_an_operator_chooses_the_action(setting: str, effect: EffectKind, tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa=f"actions = {{ cisco-ios-xe = {setting} }}\n") as b:
            at_switch = b.starts()
            b.says(NONCOMPLIANT)
            await until(lambda: b.nas.effects)
            assert b.nas.effects_on(at_switch) == [effect]

    run(test())


def test_silence_repeats_the_same_octets_and_then_the_same_packet_again(tmp_path: Path) -> None:
    """Five times within 30 s, then after a pause of 10 s; the device answers at last, and has done it once."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.authenticates = False
            b.nas.behaviour = Behaviour(answer_copy=6)
            b.says(NONCOMPLIANT)
            await until(lambda: b.nas.received == 1)
            for copies in range(2, 6):
                b.clock.advance(16)
                await until(lambda n=copies: b.nas.received == n or b.orders()[0].state == "timeout")  # type: ignore[misc]
            await until(lambda: b.orders()[0].state == "timeout" or not b.clock.advance(1))
            (order,) = b.orders()
            assert (order.code, order.settled, order.attempts) == ("M1620", False, 1)
            assert [alarm.code for alarm in b.desk.alarms.list()] == ["M1620"]
            while b.orders()[0].state != "acked":
                b.clock.advance(5)
                await asyncio.sleep(0.005)
            assert len(set(b.nas.requests)) == 1
            assert (b.nas.distinct, b.nas.effects_on(at_switch)) == (1, [REAUTHENTICATED])
            assert b.desk.alarms.list() == []

    run(test())


def test_a_packet_that_the_device_may_have_forgotten_is_not_sent_again(tmp_path: Path) -> None:
    """RFC 5176 section 6.3 has five minutes. It goes out after 0, 12, 44, 106 and 228 s; the next one after 530 s."""

    async def test() -> None:
        async with bench(tmp_path, policy=ONCE) as b:
            b.starts()
            b.authenticates = False
            b.nas.behaviour = Behaviour(Mood.SILENT)
            b.says(NONCOMPLIANT)
            while b.nas.distinct < 2:
                b.clock.advance(1)
                await asyncio.sleep(0.002)
            first, second = dict.fromkeys(b.nas.requests)
            elapsed = b.clock.now - 1000
            assert 525 < elapsed < 560
            assert [b.nas.requests.count(each) for each in (first, second)] == [5, 1]
            assert first[1:2] != second[1:2] or first[4:20] != second[4:20]

    run(test())


def test_acknowledged_and_not_done_is_an_alarm(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.authenticates = False
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "acked")
            assert not b.orders()[0].settled
            b.clock.advance(CONFIRM + 1)
            (order,) = await b.settled()
            assert (order.state, order.code) == ("acked", "M1603")
            assert [alarm.code for alarm in b.desk.alarms.list()] == ["M1603"]

    run(test())


def test_what_a_crash_leaves_in_doubt_has_one_effect(tmp_path: Path) -> None:
    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            first.starts()
            first.authenticates = False
            first.nas.behaviour = Behaviour(answer_copy=2)
            first.says(NONCOMPLIANT)
            await until(lambda: first.nas.received == 1)
            nas, decided, position = first.nas, first.decided, first.position
            assert first.orders()[0].state == "sent"
            await first.is_killed()
            async with bench(tmp_path, clock=clock, nas=nas) as second:
                second.decided, second.position = decided, position
                await until(lambda: second.orders()[0].state == "acked")
                assert (nas.received, nas.distinct, len(nas.effects)) == (2, 1, 1)
                assert len(set(nas.requests)) == 1
                assert len(second.orders()) == 1
                second.signs_in()
                (order,) = await second.settled()
                assert order.state == "acked"

    run(test())


def test_what_the_journal_says_settles_what_is_in_doubt(tmp_path: Path) -> None:
    """The endpoint has authenticated again while mdmd was away."""

    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            first.starts()
            first.authenticates = False
            first.nas.behaviour = Behaviour(Mood.MUTE)
            first.says(NONCOMPLIANT)
            await until(lambda: first.nas.received == 1)
            clock.advance(1)
            await first.is_killed(first.signs_in)
            async with bench(tmp_path, clock=clock, nas=first.nas) as second:
                second.decided = first.decided
                (order,) = await second.settled()
                assert order.detail.startswith("authorized anew by decision ")
                assert (first.nas.received, second.session().rule) == (1, "Quarantined")

    run(test())


def test_what_the_journal_says_settles_what_was_acknowledged(tmp_path: Path) -> None:
    """The same after the device's answer: at once, and not when the time to confirm it is over."""

    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            first.starts()
            first.authenticates = False
            first.says(NONCOMPLIANT)
            await until(lambda: first.orders() and first.orders()[0].state == "acked")
            clock.advance(1)
            await first.is_killed(first.signs_in)
            began = clock.wall()
            async with bench(tmp_path, clock=clock, nas=first.nas) as second:
                second.decided = first.decided
                (order,) = await second.settled()
                assert order.detail.startswith("authorized anew by decision ")
                assert (first.nas.received, second.session().rule) == (1, "Quarantined")
                assert clock.wall() - began < CONFIRM
                assert second.desk.all_open() == []

    run(test())


def test_a_timer_that_runs_out_just_before_the_packet_does_not_confirm_it(tmp_path: Path) -> None:
    """It was decided on the old record, and the device still does what it was asked for: no second packet."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.authenticates = False
            old = b.decide()
            b.clock.advance(0.1)
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "acked")
            b.reads(old.decision)
            await b.quiet()
            assert (b.session().rule, b.orders()[0].settled) == ("Compliant", False)
            b.clock.advance(0.1)
            b.signs_in()
            (order,) = await b.settled()
            assert (order.code, b.session().rule, b.nas.distinct) == ("M1601", "Quarantined", 1)

    run(test())


def test_a_device_without_a_secret_is_an_alarm_until_it_has_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            file = tmp_path / "clients.conf"
            right = file.read_text()
            file.write_text(right.replace("127.0.0.1", "192.0.2.99"))
            at_switch = b.starts()
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].code)
            assert (b.orders()[0].state, b.orders()[0].code, b.nas.received) == ("planned", "M1631", 0)
            file.write_text(right)
            b.clock.advance(11)
            await b.settled()
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED]

    run(test())


def test_a_session_that_ends_before_its_order_is_sent_needs_none(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa='grace = "1m"\n') as b:
            b.starts()
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "grace")
            b.keeper.end(b.session().id, EndCause.LOST, b.clock.wall())
            (order,) = await b.settled()
            assert (order.state, order.detail, b.nas.received) == ("gone", "the session has ended", 0)

    run(test())
