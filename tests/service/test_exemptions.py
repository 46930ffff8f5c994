"""An exemption and the live sessions of its endpoint: made, ended, expired, replaced; a crash in between.

The policy is tests/builders.TOML: Compliant gets Employee, NonCompliant Quarantine.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from freeradius_mdm.config.reader import load
from freeradius_mdm.decide import decide
from freeradius_mdm.errors import StoreError
from freeradius_mdm.exemption import Exemption
from freeradius_mdm.lab.radius.nas_session import EffectKind
from freeradius_mdm.service.events import EventLog
from freeradius_mdm.service.exemptions import Exemptions, NotExemptedError
from freeradius_mdm.store.exemptions import ExemptionQueries
from tests.builders import write_toml
from tests.coa.fake_clock import run, until
from tests.service import coa_bench
from tests.service.coa_bench import COMPLIANT, NONCOMPLIANT, Bench, BenchClock, bench

REAUTHENTICATED = EffectKind.REAUTHENTICATED
HOUR = 3600.0


def exemptions_of(b: Bench) -> Exemptions:
    queries = ExemptionQueries(b.directory / "store.sqlite")
    return Exemptions(b.writer, queries, b.changes, lambda: b.config[0], EventLog(b.log, b.clock.wall), b.clock.wall)


@asynccontextmanager
async def site(directory: Path, **more: object) -> AsyncIterator[tuple[Bench, Exemptions]]:
    async with bench(directory, **more) as b:  # type: ignore[arg-type]
        yield b, exemptions_of(b)


async def make(b: Bench, exemptions: Exemptions, profile: str = "Employee", lasts: float = HOUR) -> Exemption:
    return await exemptions.make(b.key(), profile, b.clock.wall() + lasts, "replacement ordered", "alice (by root)")


def test_a_quarantined_device_is_let_in_and_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            at_switch = b.starts(answer=NONCOMPLIANT)
            assert b.session().profile == "Quarantine"
            made = await make(b, exemptions)
            (order,) = await b.settled(1)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED]
            assert (order.state, order.old_profile, order.profile, order.worse) == (
                "acked",
                "Quarantine",
                "Employee",
                False,
            )
            assert order.reason == (
                "Registered/NonCompliant/True became "
                f"Registered/NonCompliant/True/exemption {made.id}: exemption {made.id}, profile Employee"
            )
            now = b.session()
            assert (now.profile, now.rule) == ("Employee", "")
            assert b.decided[now.decision_id].exemption == made.id
            assert b.writer.unsettled_exemptions(b.clock.wall()) == []

            b.clock.advance(60)
            ended = await exemptions.end(made.id, "device replaced", "bob")
            assert (ended.ended_by, ended.end_reason, ended.ended_at) == ("bob", "device replaced", b.clock.wall())
            await b.settled(2)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED] * 2
            assert (b.session().profile, b.session().rule) == ("Quarantine", "Quarantined")
            assert b.writer.unsettled_exemptions(b.clock.wall()) == []
            assert [line.partition("event=")[2].split()[0] for line in b.log.getvalue().splitlines()
                    if "exemption_" in line] == ["exemption_made", "exemption_ended"]  # fmt: skip

    run(test())


def test_it_expires_by_itself_without_grace(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path, coa='grace = "5m"\n') as (b, exemptions):
            at_switch = b.starts(answer=NONCOMPLIANT)
            await make(b, exemptions)
            await b.settled(1)
            b.clock.advance(HOUR - 1)
            await exemptions.look()
            await b.quiet()
            assert b.session().profile == "Employee"
            b.clock.advance(1)
            await exemptions.look()
            await b.settled(2)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED] * 2
            assert b.session().profile == "Quarantine"
            assert len(b.lines("exemption_expired")) == 1
            await exemptions.look()
            await b.quiet()
            assert len(b.orders()) == 2

    run(test())


@pytest.mark.parametrize("when", ["made", "expired"])
def test_it_goes_on_after_a_crash(when: str, tmp_path: Path) -> None:
    """mdmd is killed when the exemption was stored, or while it was away it expired: the next one looks."""

    async def test() -> None:
        clock = BenchClock()
        async with bench(tmp_path, clock=clock) as first:
            at_switch = first.starts(answer=NONCOMPLIANT)
            await first.quiet()
            asked = Exemption(
                "0a1b2c3d4e5f", first.key(), "Employee", "alice", "why not", clock.wall(), clock.wall() + HOUR
            )
            expected = "Employee"
            if when == "expired":
                await make(first, exemptions_of(first))
                await first.settled(1)
                expected = "Quarantine"
            before = len(first.nas.effects_on(at_switch))
            await first.is_killed(lambda: first.writer.make_exemption(asked) if when == "made" else clock.advance(HOUR))
            async with bench(tmp_path, clock=clock, nas=first.nas) as second:
                second.decided, second.position = first.decided, first.position
                exemptions = exemptions_of(second)
                await exemptions.look()
                await until(lambda: len(first.nas.effects_on(at_switch)) == before + 1)
                await second.settled()
                assert second.session().profile == expected
                assert second.writer.unsettled_exemptions(clock.wall()) == []

    run(test())


def test_who_has_what_it_is_to_have_is_left_alone(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            b.starts(answer=COMPLIANT)
            made = await make(b, exemptions)
            await b.quiet()
            await exemptions.end(made.id, "not needed", "bob")
            await b.quiet()
            assert (b.orders(), b.nas.received) == ([], 0)

    run(test())


def test_what_the_record_says_meanwhile_does_not_matter(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            b.starts(answer=COMPLIANT)
            await make(b, exemptions)
            await b.quiet()
            b.signs_in()
            b.clock.advance(10)
            b.says(NONCOMPLIANT)
            await b.quiet()
            assert (b.orders(), b.session().profile) == ([], "Employee")
            b.clock.advance(HOUR)
            await exemptions.look()
            await b.settled(1)
            assert b.session().profile == "Quarantine"

    run(test())


def test_its_end_is_no_change_for_the_worse_that_waits(tmp_path: Path) -> None:
    """The device ceased to be compliant while it was exempted: no grace begins when the exemption is over."""

    async def test() -> None:
        async with site(tmp_path, coa='grace = "5m"\n') as (b, exemptions):
            b.starts(answer=COMPLIANT)
            await make(b, exemptions)
            await b.quiet()
            b.signs_in()
            b.clock.advance(10)
            b.says(NONCOMPLIANT)
            await b.quiet()
            b.clock.advance(HOUR)
            await exemptions.look()
            (order,) = await b.settled(1)
            assert (order.worse, order.prepared_at) == (False, order.created_at)
            assert b.session().profile == "Quarantine"

    run(test())


def test_a_new_one_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            b.starts(answer=NONCOMPLIANT)
            await make(b, exemptions, lasts=2 * HOUR)
            await b.settled(1)
            second = await make(b, exemptions, "Restricted", HOUR)
            await b.settled(2)
            assert b.session().profile == "Restricted"
            await exemptions.end(second.id, "a mistake", "bob")
            await b.settled(3)
            assert b.session().profile == "Quarantine"  # and not what the first one gave

    run(test())


def test_a_blocking_one_ends_the_session(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            at_switch = b.starts(answer=COMPLIANT)
            await make(b, exemptions, "Reject")
            await until(lambda: b.nas.effects_on(at_switch))
            (order,) = b.orders()
            assert (order.accept, order.profile) == (False, "Reject")

    run(test())


def test_a_session_let_in_before_a_node_heard_of_it(tmp_path: Path) -> None:
    """This node was cut off when it was made elsewhere, and has authorized the session since."""

    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            b.starts(answer=NONCOMPLIANT)
            b.clock.advance(300)
            b.signs_in()  # long after the record's last change, and after the exemption
            await b.quiet()
            made_at = b.clock.wall() - 7200
            told = Exemption(
                "0a1b2c3d4e5f", b.key(), "Employee", "alice", "made elsewhere", made_at, made_at + 9 * HOUR
            )
            await exemptions.learn([told])
            await b.settled(1)
            assert b.session().profile == "Employee"
            assert len(b.lines("exemption_elsewhere")) == 1
            await exemptions.learn([told])
            await b.quiet()
            assert (len(b.orders()), len(b.lines("exemption_elsewhere"))) == (1, 1)

    run(test())


def test_what_the_store_did_not_take_from_another_node_is_not_lost(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            told = Exemption(
                "0a1b2c3d4e5f", b.key(), "Employee", "alice", "made elsewhere", b.clock.wall(), b.clock.wall() + 60
            )
            merge, b.writer.merge_exemptions = b.writer.merge_exemptions, lambda _: _full()  # type: ignore[method-assign]
            with pytest.raises(StoreError):
                await exemptions.learn([told])
            b.writer.merge_exemptions = merge  # type: ignore[method-assign]
            await exemptions.look()
            assert b.reader.exemption(b.key()) == told

    run(test())


def test_nor_by_a_look_that_began_before_it_was_told(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            now, slow, merge = b.clock.wall(), threading.Event(), b.writer.merge_exemptions
            first, second = (
                Exemption(f"{n:012x}", b.key(), "Employee", "alice", "told", now + n, now + 60) for n in (1, 2)
            )

            def merge_slowly(told: Iterable[Exemption]) -> list[Exemption]:
                assert slow.wait(10)
                return merge(told)

            b.writer.merge_exemptions = merge_slowly  # type: ignore[method-assign]
            looks = [asyncio.create_task(exemptions.learn([first])), asyncio.create_task(exemptions.look())]
            await asyncio.sleep(0)  # both have begun with the first one
            b.writer.merge_exemptions = merge  # type: ignore[method-assign]
            await exemptions.look()
            b.writer.merge_exemptions = lambda _: _full()  # type: ignore[method-assign]
            with pytest.raises(StoreError):
                await exemptions.learn([second])
            slow.set()
            await asyncio.gather(*looks, return_exceptions=True)
            b.writer.merge_exemptions = merge  # type: ignore[method-assign]
            await exemptions.look()
            assert b.reader.exemption(b.key()) == second

    run(test())


def _full() -> list[Exemption]:
    raise StoreError("disk full")


def test_a_radiusd_that_does_not_see_it_is_not_asked_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs on with the version before, say, or has refused the new mdm.toml."""
    monkeypatch.setattr(coa_bench, "decide", partial(_decide, decide))

    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            at_switch = b.starts(answer=NONCOMPLIANT)
            await make(b, exemptions)
            await b.settled(3)
            assert b.nas.effects_on(at_switch) == [REAUTHENTICATED] * 3
            assert (b.session().profile, len(b.orders())) == ("Quarantine", 3)
            (told,) = b.lines("coa_not_decided")
            assert "radiusd decided otherwise" in told
            # Its next decision is looked at again, by when it may have been restarted.
            monkeypatch.undo()
            b.clock.advance(600)
            b.signs_in()
            await b.quiet()
            assert (b.session().profile, len(b.orders())) == ("Employee", 3)

    run(test())


def _decide(really: Callable[..., object], *given: object, **more: object) -> object:
    return really(*given, **(more | {"read_exemption": lambda _: None}))


def test_a_profile_that_is_gone_is_told_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            made = await make(b, exemptions, "Restricted")
            exemptions.look_at_profiles()
            assert (b.lines("exemption_ignored"), exemptions.body()["ignored"]) == ([], [])
            text = (tmp_path / "mdm.toml").read_text()
            b.config[0] = load(write_toml(tmp_path, text.replace("Restricted", "Narrow")))
            exemptions.look_at_profiles()
            exemptions.look_at_profiles()
            (line,) = b.lines("exemption_ignored")
            assert f"exemption={made.id}" in line
            assert "code=M1308" in line
            assert exemptions.body() == {"in_force": 1, "next_over_at": made.until, "ignored": [made.id]}

    run(test())


REFUSED = [
    ({"profile": "Nobody"}, "no authorization profile 'Nobody'", "Employee, Quarantine, Restricted, Monitor, Reject"),
    ({"until": 59.0}, "in the past, in less than a minute", "from a minute to 90 days from now"),
    ({"until": -1.0}, "in the past", "from a minute"),
    ({"until": 90 * 86400 + 1.0}, "too far away", "90 days"),
    ({"until": float("nan")}, "too far away", "90 days"),
    ({"reason": "x"}, "the reason is one line of 3 to 200 characters", ""),
    ({"reason": "two\nlines"}, "the reason is one line", ""),
    ({"server": "Jamf"}, "no MDM server 'Jamf'", "Intune"),
]


@pytest.mark.parametrize(("changes", "what", "allowed"), REFUSED)
def test_what_can_not_be_made(changes: dict[str, object], what: str, allowed: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            asked: dict[str, object] = {"profile": "Employee", "until": HOUR, "reason": "replacement ordered"} | changes
            key = replace(b.key(), server=str(asked.pop("server", "Intune")))
            asked["until"] = b.clock.wall() + float(str(asked["until"]))
            with pytest.raises(NotExemptedError, match=what) as caught:
                await exemptions.make(key, **asked, author="alice")  # type: ignore[arg-type]
            assert allowed in caught.value.allowed
            assert exemptions.queries.exemptions(b.clock.wall(), every=True) == []

    run(test())


def test_what_can_not_be_ended(tmp_path: Path) -> None:
    async def test() -> None:
        async with site(tmp_path) as (b, exemptions):
            made = await make(b, exemptions)
            with pytest.raises(LookupError, match="no exemption has the id '000000000000'"):
                await exemptions.end("000000000000", "a mistake", "bob")
            with pytest.raises(NotExemptedError, match="the reason is one line"):
                await exemptions.end(made.id, " x ", "bob")
            await exemptions.end(made.id, "a mistake", "bob")
            with pytest.raises(NotExemptedError, match="has ended already"):
                await exemptions.end(made.id, "a mistake", "bob")
            other = await make(b, exemptions)
            b.clock.advance(HOUR)
            with pytest.raises(NotExemptedError, match="has expired already"):
                await exemptions.end(other.id, "a mistake", "bob")

    run(test())
