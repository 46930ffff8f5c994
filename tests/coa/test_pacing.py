"""How fast one device is told."""

from __future__ import annotations

import asyncio

import pytest

from freeradius_mdm.coa.pacing import Pace, Pacer

from .fake_clock import FakeClock, run, until


def test_so_many_a_second() -> None:
    async def test() -> None:
        clock = FakeClock()
        pacer = Pacer(clock, Pace(in_flight=100, per_second=4))
        begun: list[float] = []

        async def one() -> None:
            async with pacer.turn("a"):
                begun.append(clock.now - 1000)

        tasks = [asyncio.create_task(one()) for _ in range(5)]
        for expected in (0.0, 0.25, 0.5, 0.75, 1.0):
            count = round(expected / 0.25) + 1
            await until(lambda count=count: len(begun) == count)  # type: ignore[misc]
            clock.advance(0.25)
        await asyncio.gather(*tasks)
        assert begun == [0, 0.25, 0.5, 0.75, 1]
        assert pacer.waiting("a") == 0

    run(test())


def test_so_many_at_a_time_and_others_do_not_wait() -> None:
    async def test() -> None:
        clock = FakeClock()
        pacer = Pacer(clock, Pace(in_flight=2, per_second=float("inf")), most=3)
        gate = asyncio.Event()
        flying: list[str] = []

        async def one(device: str) -> None:
            async with pacer.turn(device):
                flying.append(device)
                await gate.wait()

        tasks = [asyncio.create_task(one(device)) for device in ("a", "a", "a", "b", "b")]
        await until(lambda: pacer.waiting("a") == 3 and pacer.waiting("b") == 2)
        for _ in range(20):
            clock.advance(1)
            await asyncio.sleep(0)
        # two of a's, and one of b's because of the limit over all
        assert sorted(flying) == ["a", "a", "b"]
        gate.set()
        while not all(task.done() for task in tasks):
            clock.advance(1)
            await asyncio.sleep(0.001)
        assert sorted(flying) == ["a", "a", "a", "b", "b"]

    run(test())


def test_a_failure_frees_the_place() -> None:
    async def test() -> None:
        pacer = Pacer(FakeClock(), Pace(in_flight=1, per_second=float("inf")))
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with pacer.turn("a"):
                    raise ZeroDivisionError
        assert pacer.waiting("a") == 0

    run(test())


@pytest.mark.parametrize("wrong", [{"in_flight": 0}, {"per_second": 0}])
def test_impossible_paces(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Pace(**wrong)
