"""An event loop whose time is virtual: when nothing is left to do, the clock jumps to the next timer.

What is handed to asyncio's own threads (SQLite, files) is done in the loop's thread, in a turn of its own, because that
is faster and comes out the same each time. What runs in a program's own pool (an MDM client) does run in threads, is
waited for in real time, and takes none of the virtual but what it sleeps.

A program runs in an `Incarnation`: everything it starts belongs to it, and `kill` ends all of that at once, as kill -9
does: no handler, no `finally` block, no last word. Sockets, listening addresses and signals are those of `network.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import selectors
import socket
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .network import Network

_Handle = TypeVar("_Handle", bound=asyncio.Handle)
_LONGEST_JOB = 60.0  # real seconds


class VirtualTimeError(Exception):
    """The simulation is stuck: nothing can ever happen any more."""


class Killed(BaseException):
    """In a thread that slept when its program was killed."""


class Incarnation:
    """One life of a simulated program."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.signals: dict[int, Callable[[], object]] = {}
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._context = contextvars.copy_context()
        self._context.run(_INCARNATION.set, self)

    def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call something as this program: what it starts is the program's."""
        return self._context.copy().run(call, *arguments)

    def signal(self, number: int) -> None:
        """Send it a signal that it has a handler for."""
        self.run(self.signals[number])


_INCARNATION: contextvars.ContextVar[Incarnation | None] = contextvars.ContextVar("incarnation", default=None)
_NOBODY = contextvars.Context()


def current() -> Incarnation | None:
    """Whose code is running; None for the simulation's own."""
    return _INCARNATION.get()


class _Selector(selectors.DefaultSelector):
    """Waits in real time for threads only."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            return []  # threads put what they have to say among what is ready; the file only wakes who waits
        if self.loop.threads_at_work:
            found = super().select(_LONGEST_JOB)
            if not found:
                raise VirtualTimeError(f"a job in a thread has not ended in {_LONGEST_JOB:.0f} s")
            return found
        if timeout is None:
            raise VirtualTimeError("every task waits, and there is no timer that could wake one")
        self.loop.advance(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0. Real signals reach nobody but Python itself (KeyboardInterrupt)."""

    def __init__(self) -> None:
        self._now = 0.0
        self.network: Network | None = None
        self._jobs: Counter[Incarnation | None] = Counter()  # submitted to threads, and not heard of again
        self._asleep: dict[threading.Event, Incarnation | None] = {}
        self._awakened: set[threading.Event] = set()  # by a kill
        self._graves: list[asyncio.Task[Any]] = []
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._now

    def advance(self, seconds: float) -> None:
        """The clock jumps."""
        self._now += seconds

    @property
    def threads_at_work(self) -> bool:
        """True while a job in a thread is going on that does not sleep."""
        return self._jobs.total() > len(self._asleep)

    # What programs start is marked as theirs, and what a dead one starts does not happen.

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """asyncio: as usual, unless the program is dead."""
        return _unless_dead(super().call_soon(callback, *args, context=context), context)

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """asyncio: as usual, unless the program is dead."""
        return _unless_dead(super().call_soon_threadsafe(callback, *args, context=context), context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """asyncio: as usual, unless the program is dead."""
        return _unless_dead(super().call_at(when, callback, *args, context=context), context)

    def create_task(self, coro: Coroutine[Any, Any, Any], **more: Any) -> asyncio.Task[Any]:  # type: ignore[override]
        """asyncio: as usual, and known as the program's."""
        task = super().create_task(coro, **more)
        owner = current()
        if owner is not None:
            owner.tasks.add(task)
        return task

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """asyncio: as usual, and counted, so that time stands still meanwhile; without a pool of its own, here."""
        if executor is None:
            return self._do_here(func, args)
        owner, context = current(), contextvars.copy_context()
        future = super().run_in_executor(executor, context.run, func, *args)
        self._jobs[owner] += 1

        def ended(done: asyncio.Future[Any]) -> None:
            self._jobs[owner] -= 1
            if not self._jobs[owner]:
                del self._jobs[owner]
            if not done.cancelled():
                done.exception()  # of a program that was killed meanwhile nobody will ask

        future.add_done_callback(ended, context=_NOBODY)
        return future

    def _do_here(self, func: Callable[..., Any], arguments: tuple[Any, ...]) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*arguments)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_soon(work)
        return future

    def sleep_in_thread(self, seconds: float) -> None:
        """Sleep in virtual time, in a job of `run_in_executor`. Raises Killed when its program is killed meanwhile."""
        awake = threading.Event()
        self.call_soon_threadsafe(self._fall_asleep, awake, seconds, current(), context=_NOBODY)
        awake.wait()
        if awake in self._awakened:
            self._awakened.discard(awake)
            raise Killed

    def _fall_asleep(self, awake: threading.Event, seconds: float, owner: Incarnation | None) -> None:
        self._asleep[awake] = owner
        if owner is not None and not owner.alive:
            self._awakened.add(awake)
            seconds = 0.0
        self.call_later(seconds, self._wake_up, awake, context=_NOBODY)

    def _wake_up(self, awake: threading.Event) -> None:
        if self._asleep.pop(awake, self) is not self:
            awake.set()

    async def create_datagram_endpoint(self, protocol_factory: Callable[[], Any], *_: Any, **more: Any) -> Any:
        """asyncio: on the simulated network."""
        protocol = protocol_factory()
        transport = self._on_network().open(more["sock"], protocol)
        protocol.connection_made(transport)
        return transport, protocol

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], Any],
        host: str = "",
        port: int = 0,
        sock: socket.socket | None = None,
        **_: Any,
    ) -> Any:
        """asyncio: on the simulated network. A socket of the program's own, for operators, is one nobody calls."""
        if sock is not None:
            host = str(sock.getsockname())
            sock.close()
        return self._on_network().serve((host, port), protocol_factory)

    def _on_network(self) -> Network:
        if self.network is None:
            raise VirtualTimeError("the loop has no network: set `network` first")
        return self.network

    def add_signal_handler(  # type: ignore[override]
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """asyncio: kept for `Incarnation.signal`."""
        owner = current()
        if owner is not None:
            owner.signals[sig] = lambda: callback(*args)

    async def kill(self, incarnation: Incarnation) -> None:
        """End a program on the spot. What it has handed to a thread is done, as what it has handed to the kernel."""
        incarnation.alive = False
        for handle in (*self._ready, *self._scheduled):  # type: ignore[attr-defined]
            if handle._context.get(_INCARNATION) is incarnation:
                handle.cancel()
        for awake, owner in list(self._asleep.items()):
            if owner is incarnation:
                self._awakened.add(awake)
                self._wake_up(awake)
        for task in incarnation.tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                self._graves.append(task)  # kept, since a coroutine that is collected runs its `finally` blocks
        while self._jobs[incarnation]:
            await asyncio.sleep(0)

    def bury(self) -> None:
        """Take down what killed programs have left, once it can't disturb anybody any more."""
        for task in self._graves:
            coroutine: Any = task.get_coro()
            for _ in range(20):  # each `await` in a `finally` block takes one
                try:
                    coroutine.close()
                except RuntimeError:
                    continue
                except Exception:  # noqa: S112 whatever a dead program still has to say
                    continue
                break
        self._graves.clear()


def _unless_dead(handle: _Handle, context: contextvars.Context | None) -> _Handle:
    owner = current() if context is None else context.get(_INCARNATION)
    if owner is not None and not owner.alive:
        handle.cancel()
    return handle


def run(main: Callable[[VirtualLoop], Any]) -> Any:
    """`asyncio.run` in virtual time: `main` gets the loop and gives a coroutine."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(main(loop))
    finally:
        try:
            with contextlib.suppress(VirtualTimeError):
                _end(loop)
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _end(loop: VirtualLoop) -> None:
    graves = set(loop._graves)
    left = [task for task in asyncio.all_tasks(loop) if task not in graves]
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.bury()
    loop.run_until_complete(loop.shutdown_default_executor())
