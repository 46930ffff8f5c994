"""A forward proxy for CONNECT: the way out that many networks demand; every tunnel ends at the simulator's TLS port.

Personality `proxy-407` makes it ask for a password, `refuse` and `dns-gone` make it answer 502 for the host.
"""

from __future__ import annotations

import asyncio
import contextlib

from .operations import Operation
from .world import World

_HEAD_LIMIT = 16_384
_CHUNK = 65_536


class Proxy:
    """One listening socket. Lives in the event loop's thread."""

    def __init__(self, world: World, address: str, port: int) -> None:
        self._world = world
        self._address = address
        self.port = port
        self._server: asyncio.Server | None = None
        self._tunnels: set[asyncio.Task[None]] = set()

    async def open(self, target: tuple[str, int]) -> None:
        """Listen; tunnels lead to `target`."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tunnels.add(task)
                task.add_done_callback(self._tunnels.discard)
            try:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    await self._serve(reader, writer, target)
            finally:
                await _close(writer)

        self._server = await asyncio.start_server(serve, self._address, self.port, limit=_HEAD_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shutdown(self) -> None:
        """Stop listening and cut every tunnel."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tunnels):
            task.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, authority = [*head.split(" ", 2), "", ""][:2]
        host = authority.rpartition(":")[0].lower()
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        faults = self._world.faults.for_call(Operation.OTHER, "", host, authority)
        if "proxy-407" in faults:
            demand = b'Proxy-Authenticate: Basic realm="lab proxy"\r\n'
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n" + demand + b"Content-Length: 0\r\n\r\n")
            return
        if self._world.faults.hidden(host):
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*target)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            await _close(far_writer)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
    sink.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    # Waiting for the end matters: a transport that outlives its event loop is a leak.
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
