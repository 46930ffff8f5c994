"""Virtual time, and programs that are killed in it."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from freeradius_mdm.lab.fleet.network import Network
from freeradius_mdm.lab.fleet.virtual_loop import Incarnation, VirtualLoop, VirtualTimeError, run

DEVICE = ("127.20.0.9", 1700)


def test_an_hour_takes_no_time() -> None:
    async def main(loop: VirtualLoop) -> float:
        await asyncio.sleep(3600)
        return loop.time()

    began = time.monotonic()
    assert run(main) == 3600
    assert time.monotonic() - began < 5


def test_timers_come_in_their_order() -> None:
    async def main(loop: VirtualLoop) -> list[tuple[float, str]]:
        seen: list[tuple[float, str]] = []

        async def wait(seconds: float, name: str) -> None:
            await asyncio.sleep(seconds)
            seen.append((loop.time(), name))

        await asyncio.gather(wait(20.5, "third"), wait(0.25, "first"), wait(20, "second"))
        return seen

    assert run(main) == [(0.25, "first"), (20.0, "second"), (20.5, "third")]


def test_virtual_time_stands_still_while_a_thread_works() -> None:
    async def main(loop: VirtualLoop) -> tuple[float, bool]:
        rang = False

        def ring() -> None:
            nonlocal rang
            rang = True

        loop.call_later(0.001, ring)
        with ThreadPoolExecutor(1) as pool:
            waiting = threading.Event()
            job = loop.run_in_executor(pool, waiting.wait, 0.05)  # real time, in which nothing else may happen
            await job
        return loop.time(), rang

    assert run(main) == (0.0, False)


def test_what_a_thread_sleeps_is_virtual() -> None:
    async def main(loop: VirtualLoop) -> float:
        with ThreadPoolExecutor(2) as pool:
            jobs = [loop.run_in_executor(pool, loop.sleep_in_thread, seconds) for seconds in (100.0, 250.0)]
            await asyncio.gather(*jobs)
        return loop.time()

    assert run(main) == 250


def test_what_is_handed_to_the_default_threads_is_done_in_a_turn_of_its_own() -> None:
    async def main(loop: VirtualLoop) -> tuple[list[str], str]:
        order: list[str] = []

        async def other() -> None:
            order.append("other")

        task = loop.create_task(other())
        await asyncio.to_thread(order.append, "job")
        await task
        with pytest.raises(KeyError) as error:
            await asyncio.to_thread({}.__getitem__, "missing")
        return order, str(error.value)

    assert run(main) == (["other", "job"], "'missing'")


def test_a_simulation_that_is_stuck_says_so() -> None:
    async def main(loop: VirtualLoop) -> None:
        await loop.create_future()

    with pytest.raises(VirtualTimeError, match="no timer that could wake one"):
        run(main)


def started(loop: VirtualLoop, program: Coroutine[Any, Any, Any]) -> tuple[Incarnation, asyncio.Task[Any]]:
    life = Incarnation("program")
    return life, life.run(loop.create_task, program)


def test_a_killed_program_has_no_last_word() -> None:
    async def main(loop: VirtualLoop) -> tuple[list[str], int]:
        said: list[str] = []

        async def child() -> None:
            try:
                while True:
                    await asyncio.sleep(10)
                    said.append("child")
            finally:
                said.append("child's last word")

        async def program() -> None:
            task = asyncio.create_task(child())
            try:
                await task
            except asyncio.CancelledError:
                said.append("cancelled")
            finally:
                said.append("last word")

        life, _ = started(loop, program())
        await asyncio.sleep(25)
        await loop.kill(life)
        await asyncio.sleep(1000)
        return list(said), len(said)

    assert run(main) == (["child", "child"], 2)


def test_a_kill_ends_what_sleeps_in_a_thread_and_lets_end_what_works_there() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        done: list[str] = []
        begun, go_on = threading.Event(), threading.Event()

        def sleeper() -> None:
            loop.sleep_in_thread(100)
            done.append("slept")

        def worker() -> None:
            begun.set()
            go_on.wait(10)
            done.append("worked")

        with ThreadPoolExecutor(2) as pool:

            async def program() -> None:
                await asyncio.gather(loop.run_in_executor(pool, sleeper), loop.run_in_executor(pool, worker))
                done.append("heard of it")

            life, _ = started(loop, program())
            await asyncio.sleep(0)
            begun.wait(10)
            threading.Timer(0.05, go_on.set).start()
            await loop.kill(life)
            done.append("killed")
            await asyncio.sleep(500)
        return done

    assert run(main) == ["worked", "killed"]


def test_signals_reach_the_program_they_are_for() -> None:
    async def main(loop: VirtualLoop) -> list[str]:
        ended: list[str] = []

        async def program(name: str) -> None:
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
            await stop.wait()
            ended.append(name)

        lives = [started(loop, program(name))[0] for name in ("one", "two")]
        await asyncio.sleep(1)
        lives[1].signal(signal.SIGTERM)
        await asyncio.sleep(1)
        seen = list(ended)
        lives[0].signal(signal.SIGTERM)
        await asyncio.sleep(1)
        return seen

    assert run(main) == ["two"]


class Echo:
    """A device that sends back what it gets."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.got: list[bytes] = []

    def received(self, octets: bytes, sender: tuple[str, int]) -> None:
        self.got.append(octets)
        self.network.deliver(octets.upper(), DEVICE, sender)


class Client(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: list[tuple[bytes, Any]] = []

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.got.append((data, addr))


async def connected(loop: VirtualLoop, port: int = 0) -> tuple[Any, Client, int]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", port))
    sock.connect(DEVICE)
    transport, protocol = await loop.create_datagram_endpoint(Client, sock=sock)
    return transport, protocol, transport.local[1]


def test_datagrams_take_their_time_and_a_killed_sender_does_not_call_them_back() -> None:
    async def main(loop: VirtualLoop) -> tuple[list[bytes], list[Any], list[Any], bool]:
        loop.network = network = Network(loop, random.Random(1), delay=0.5)  # noqa: S311
        device = Echo(network)
        network.listen(DEVICE, device)
        clients: list[tuple[Any, Client, int]] = []

        async def program(text: bytes) -> None:
            transport, client, port = await connected(loop)
            clients.append((transport, client, port))
            transport.sendto(text)

        await program(b"first")
        await asyncio.sleep(2)
        life, _ = started(loop, program(b"second"))
        await asyncio.sleep(0.1)
        network.kill(life)
        await loop.kill(life)
        await asyncio.sleep(2)
        again, _, _ = await connected(loop, clients[1][2])  # the port is free, as after a real kill
        again.close()
        clients[0][0].close()
        return device.got, clients[0][1].got, clients[1][1].got, True

    assert run(main) == ([b"first", b"second"], [(b"FIRST", DEVICE)], [], True)


def test_lost_datagrams_are_counted() -> None:
    async def main(loop: VirtualLoop) -> tuple[int, int, int]:
        loop.network = network = Network(loop, random.Random(1), loss=0.5)  # noqa: S311
        device = Echo(network)
        network.listen(DEVICE, device)
        transport, client, _ = await connected(loop)
        for _ in range(200):
            transport.sendto(b"x")
        await asyncio.sleep(2)
        transport.close()
        return network.sent, network.lost, len(device.got) + len(client.got)

    sent, lost, arrived = run(main)
    assert sent - lost == arrived
    assert 0.4 < lost / sent < 0.6
