"""From a record to an order: who gets one, who gets none, and what a newer change does to it.

The policy is tests/builders.TOML: Compliant gets Employee, NonCompliant Quarantine, whatever else a reject.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from freeradius_mdm.coa.retransmission import RetransmissionPolicy
from freeradius_mdm.compliance import Compliance, ComplianceAnswer, Managed, Registration
from freeradius_mdm.config.reader import load
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood
from freeradius_mdm.lab.radius.nas_session import EffectKind
from tests.builders import write_toml
from tests.coa.fake_clock import run, until
from tests.service.coa_bench import COMPLIANT, GONE, NONCOMPLIANT, Bench, BenchClock, bench

UNMANAGED = ComplianceAnswer(Registration.REGISTERED, Compliance.COMPLIANT, Managed.FALSE)
REAUTHENTICATED = EffectKind.REAUTHENTICATED
GRACE = 'grace = "5m"\n'


async def nothing_happens(b: Bench) -> None:
    await b.quiet()
    await asyncio.sleep(0.05)
    await b.quiet()


def test_only_a_change_that_matters_is_an_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            b.clock.advance(900)
            b.says(COMPLIANT)  # the same again
            b.says(UNMANAGED)  # no rule looks at that
            b.says(NONCOMPLIANT, 2)  # no session
            await nothing_happens(b)
            assert (b.orders(), b.nas.received) == ([], 0)
            assert b.writer.unsettled() == []

    run(test())


def test_there_and_back_is_one_order_each(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.says(NONCOMPLIANT)
            await b.settled(1)
            b.clock.advance(60)
            b.says(COMPLIANT)
            await until(lambda: b.nas.effects_on(at_switch) == [REAUTHENTICATED] * 2)
            await b.quiet()
            assert b.session().rule == "Compliant"
            assert b.writer.unsettled() == []

    run(test())


def test_a_change_of_the_policy_alone_sends_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            text = (tmp_path / "mdm.toml").read_text()
            b.config[0] = load(write_toml(tmp_path, text.replace('name = "Compliant"', 'name = "Well"')))
            b.says(COMPLIANT)
            b.changes.look(b.session().id)
            await nothing_happens(b)
            assert b.orders() == []

    run(test())


def test_monitor_mode_sends_nothing(tmp_path: Path) -> None:
    change = ('default_profile = "Reject"', 'default_profile = "Reject"\nmode = "monitor"')

    async def test() -> None:
        async with bench(tmp_path, change) as b:
            b.starts()
            b.says(NONCOMPLIANT)
            await nothing_happens(b)
            assert (b.orders(), b.lines("coa_not_decided")) == ([], [])

    run(test())


def test_a_rule_that_is_tried_out_frees_and_does_not_take_away(tmp_path: Path) -> None:
    tried = ('profile = "Quarantine"\n\n[[rules]]', 'profile = "Quarantine"\nmode = "monitor"\n\n[[rules]]')

    async def test() -> None:
        async with bench(tmp_path, tried) as b:
            b.starts()
            b.says(NONCOMPLIANT)
            await nothing_happens(b)
            assert b.orders() == []

    run(test())


def test_off(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa='mode = "off"\n') as b:
            b.starts()
            b.says(NONCOMPLIANT)
            await nothing_happens(b)
            assert (b.orders(), b.writer.unsettled()) == ([], [])

    run(test())


def test_recovered_within_the_grace_causes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa=GRACE) as b:
            b.starts()
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "grace")
            b.clock.advance(299)
            b.says(COMPLIANT)
            (order,) = await b.settled()
            b.clock.advance(10)
            await nothing_happens(b)
            assert (order.state, b.nas.received, len(b.orders())) == ("superseded", 0, 1)

    run(test())


def test_the_grace_begins_once_and_being_freed_is_never_delayed(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa=GRACE) as b:
            at_switch = b.starts()
            began = b.clock.wall()
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "grace")
            b.clock.advance(200)
            b.says(GONE)
            await until(lambda: len(b.orders()) == 2)
            assert b.orders()[1].due_at == began + 300
            b.says(NONCOMPLIANT)
            await until(lambda: len(b.orders()) == 3)
            b.clock.advance(101)
            await until(lambda: b.nas.effects_on(at_switch) == [REAUTHENTICATED])
            assert [each.state for each in await b.settled(3)] == ["superseded", "superseded", "acked"]
            b.says(COMPLIANT)
            await until(lambda: len(b.nas.effects_on(at_switch)) == 2)
            assert b.orders()[3].created_at == b.orders()[3].prepared_at

    run(test())


def test_a_newer_change_takes_the_place_of_what_stands_in_line(tmp_path: Path) -> None:
    """Nothing of the older order is sent any more, though the device has just come back."""

    async def test() -> None:
        policy = RetransmissionPolicy(first_wait=2.0, count=1, duration=2.0)
        async with bench(tmp_path, policy=policy) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(Mood.NAK, 506)
            b.says(NONCOMPLIANT)
            await until(lambda: b.orders() and b.orders()[0].state == "nak")
            b.says(COMPLIANT)
            (order,) = await b.settled()
            b.nas.behaviour = Behaviour()
            b.clock.advance(1000)
            await nothing_happens(b)
            assert (order.state, b.nas.received, b.nas.effects_on(at_switch)) == ("superseded", 1, [])

    run(test())


def test_a_change_while_a_packet_is_on_its_way_is_not_lost(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path) as b:
            at_switch = b.starts()
            b.nas.behaviour = Behaviour(answer_copy=2)
            b.authenticates = False
            b.says(NONCOMPLIANT)
            await until(lambda: b.nas.received == 1)
            b.signs_in()  # on the record of now
            b.clock.advance(0.5)
            b.says(COMPLIANT)
            await until(lambda: b.session().id in b.desk._dirty)
            assert b.nas.received == 1
            b.nas.behaviour = Behaviour()
            b.authenticates = True
            b.clock.advance(2)  # the copy, which is answered
            await until(lambda: len(b.nas.effects_on(at_switch)) == 2)
            await b.settled(2)
            assert b.session().rule == "Compliant"

    run(test())


def test_a_session_that_was_decided_on_an_older_record_is_noticed(tmp_path: Path) -> None:
    """The change came while radiusd was at it, so that there was no session yet to be looked at."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.says(COMPLIANT)
            made = b.decide()
            b.clock.advance(0.2)
            b.says(NONCOMPLIANT)
            await until(lambda: not b.writer.unsettled())
            b.decide = lambda number=1: made  # type: ignore[method-assign, misc, assignment]
            b.signs_in()
            await until(lambda: b.orders())
            assert (b.orders()[0].old_profile, b.orders()[0].profile) == ("Employee", "Quarantine")

    run(test())


def test_a_crash_between_the_answer_and_the_order(tmp_path: Path) -> None:
    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            at_switch = first.starts()
            await first.quiet()
            await first.is_killed(lambda: first.says(NONCOMPLIANT))
            async with bench(tmp_path, clock=clock, nas=first.nas) as second:
                second.decided = first.decided
                second.position = first.position
                await until(lambda: first.nas.effects_on(at_switch) == [REAUTHENTICATED])
                await second.settled()
                assert second.writer.unsettled() == []

    run(test())


def test_a_dry_run_goes_on_as_if_it_had_been_sent(tmp_path: Path) -> None:
    async def test() -> None:
        async with bench(tmp_path, coa='mode = "dry-run"\n') as b:
            b.starts()
            for answer, count in ((NONCOMPLIANT, 1), (NONCOMPLIANT, 1), (COMPLIANT, 2), (NONCOMPLIANT, 3)):
                b.clock.advance(60)
                b.says(answer)
                await b.settled(count)
                await nothing_happens(b)
                assert len(b.orders()) == count
            assert [each.profile for each in b.orders()] == ["Quarantine", "Employee", "Quarantine"]
            assert {each.state for each in b.orders()} == {"dry-run"}
            assert (b.nas.received, b.session().profile) == (0, "Employee")

    run(test())


def test_whom_it_can_not_decide_about_is_left_alone(tmp_path: Path) -> None:
    """Decided again it would be another endpoint: the patterns have changed since."""

    async def test() -> None:
        async with bench(tmp_path) as b:
            b.starts()
            text = (tmp_path / "mdm.toml").read_text()
            old = '[[identity]]\nsource = "certificate-uri"\n'
            other = f'{old}patterns = [{{ text = "urn:{{guid}}", id = "intune" }}]\n'
            b.config[0] = load(write_toml(tmp_path, text.replace(old, other)))
            b.says(NONCOMPLIANT)
            await nothing_happens(b)
            assert (b.orders(), len(b.lines("coa_not_decided"))) == ([], 1)

    run(test())
