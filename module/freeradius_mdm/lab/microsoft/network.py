"""The TLS port: accepts, looks at the name in the ClientHello, shakes hands, answers, writes the journal."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import socket
import struct
import time

from aiohttp import web

from .delivery import deliver, reset
from .journal import Entry
from .router import Router
from .tls import TlsContexts, server_name
from .world import World

_HELLO_SIZE = 16_384
_HELLO_DEADLINE = 10.0
_BACKLOG = 1024


class TlsPort:
    """One listening socket for every simulated host. Lives in the event loop's thread."""

    def __init__(self, world: World, router: Router, contexts: TlsContexts, address: str, port: int) -> None:
        self._world = world
        self._router = router
        self._contexts = contexts
        self._address = address
        self.port = port
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._handshakes: set[asyncio.Task[None]] = set()
        self._http = web.Server(self._handle, access_log=None, keepalive_timeout=75)

    async def open(self) -> None:
        """Listen; a second call does nothing. Port 0 takes a free one, which is kept when reopened."""
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        listener = socket.create_server((self._address, self.port), family=family, backlog=_BACKLOG)
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting = asyncio.create_task(self._accept(listener))

    async def close(self) -> None:
        """Stop listening and reset what is connected: from now on connections are refused."""
        if self._accepting is not None:
            self._accepting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._accepting
        if self._listener is not None:
            self._listener.close()
        self._listener = self._accepting = None
        for connection in list(self._http.connections):
            reset(connection.transport)

    async def shutdown(self) -> None:
        """The end: no more answers."""
        await self.close()
        for task in list(self._handshakes):
            task.cancel()
        await asyncio.gather(*self._handshakes, return_exceptions=True)
        await self._http.shutdown(0.2)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._greet(connection))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _greet(self, connection: socket.socket) -> None:
        try:
            async with asyncio.timeout(_HELLO_DEADLINE):
                host = await _peek_server_name(connection)
            self._world.journal.connections[host or "(none)"] += 1
            real = self._router.real_host(host)
            faults = self._world.faults.for_connection(real)
            if faults.first("refuse", "dns-gone") is not None:
                _hang_up(connection)
                return
            context = self._contexts.choose(host, faults, self._router.is_known(host))
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._http, connection, ssl=context)
        except (OSError, TimeoutError):
            # A client that gave up, or one that does not like our certificate: both are what the lab is for.
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.perf_counter()
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read() if request.body_exists else b""
        target = request.raw_path
        call, claims = self._router.read(headers.get("host", ""), request.method, target, headers, body)
        journal = self._world.journal
        journal.enter(call.operation.value)
        status, outcome = 0, "broken off"
        try:
            answer = self._router.answer(call, claims)
            # The services' clock is the lab's, and clients compare theirs with this header (RFC 9110 section 6.6.1).
            answer.headers.setdefault("Date", email.utils.formatdate(self._world.clock.now(), usegmt=True))
            status, outcome = answer.status, answer.outcome
            return await deliver(request, call, answer)
        finally:
            journal.record(
                Entry(
                    self._world.clock.now(),
                    call.host,
                    call.method,
                    call.path,
                    call.query,
                    status,
                    outcome,
                    call.operation.value,
                    call.tenant,
                    call.app,
                    call.subject,
                    headers.get("client-request-id", ""),
                    ",".join(call.faults.names()),
                    (time.perf_counter() - started) * 1000,
                )
            )


async def _peek_server_name(connection: socket.socket) -> str:
    """Read the name without taking the bytes away from TLS."""
    loop = asyncio.get_running_loop()
    while True:
        readable = asyncio.Event()
        loop.add_reader(connection, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(connection)
        data = connection.recv(_HELLO_SIZE, socket.MSG_PEEK)
        if not data:
            return ""
        name = server_name(data)
        if name is not None or len(data) == _HELLO_SIZE:
            return name or ""
        # The socket stays readable while the rest is under way: do not spin.
        await asyncio.sleep(0.002)


def _hang_up(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
