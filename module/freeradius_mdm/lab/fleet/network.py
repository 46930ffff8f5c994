"""The network between the simulated programs: UDP datagrams with delay and loss, and HTTP without a socket.

What a program sends is octets, as on a real network. A UDP socket is a real one as far as its address and port go, so
that ports are taken, are free again after a kill, and can be bound anew; what is sent on it never reaches the kernel.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import socket
from collections.abc import Callable
from typing import Any, Protocol

from .virtual_loop import Incarnation, VirtualLoop, current

Address = tuple[str, int]


class Device(Protocol):
    """Whoever listens on an address of the network."""

    def received(self, octets: bytes, sender: Address) -> None:
        """A datagram has come. An answer is for `Network.deliver`."""


class Network:
    """`delay`: seconds that a datagram is on its way; `loss`: the share of datagrams that get lost."""

    def __init__(self, loop: VirtualLoop, chance: random.Random, *, delay: float = 0.02, loss: float = 0.0) -> None:
        self._loop = loop
        self._chance = chance
        self._delay = delay
        self._loss = loss
        self._devices: dict[Address, Device] = {}
        self._sockets: dict[Address, _Datagrams] = {}
        self._servers: dict[Address, HttpServer] = {}
        self.sent = self.lost = 0
        self.on_sent: Callable[[Incarnation | None], None] = lambda _: None  # gets who has sent

    def listen(self, address: Address, device: Device) -> None:
        """A device is there."""
        self._devices[address] = device

    def deliver(self, octets: bytes, sender: Address, receiver: Address) -> None:
        """A device answers: to the socket of that address, if it is open when the datagram gets there."""

        def arrive() -> None:
            transport = self._sockets.get(receiver)
            if transport is not None and transport.peer == sender:
                transport.arrive(octets)

        self._travel(arrive)

    def send(self, octets: bytes, sender: Address, receiver: Address) -> None:
        """A program sends to a device."""
        self.on_sent(current())

        def arrive() -> None:
            device = self._devices.get(receiver)
            if device is not None:
                device.received(octets, sender)

        self._travel(arrive)

    def kill(self, incarnation: Incarnation) -> None:
        """The kernel closes what a program had open."""
        for transport in [each for each in self._sockets.values() if each.owner is incarnation]:
            transport.abort()
        for address, server in list(self._servers.items()):
            if server.owner is incarnation:
                del self._servers[address]
                server.break_off()

    def open(self, sock: socket.socket, protocol: asyncio.DatagramProtocol) -> asyncio.DatagramTransport:
        """`create_datagram_endpoint` of a connected socket."""
        transport = _Datagrams(self, sock, protocol)
        self._sockets[transport.local] = transport
        return transport

    def closed(self, local: Address) -> None:
        """A socket is closed."""
        self._sockets.pop(local, None)

    def serve(self, address: Address, factory: Callable[[], asyncio.Protocol]) -> HttpServer:
        """`create_server`."""
        if address in self._servers:
            raise OSError(f"{address[0]} port {address[1]} is in use")
        server = self._servers[address] = HttpServer(factory, address, lambda: self._servers.pop(address, None))
        return server

    async def get(self, address: Address, path: str) -> tuple[int, bytes]:
        """An HTTP GET: the answer's status and body. Raises ConnectionError when nobody listens, or is killed."""
        server = self._servers.get(address)
        if server is None:
            raise ConnectionRefusedError(f"nothing listens on {address[0]} port {address[1]}")
        return await server.get(path)

    def _travel(self, arrive: Callable[[], None]) -> None:
        self.sent += 1
        if self._chance.random() < self._loss:
            self.lost += 1
            return
        # On its way it belongs to nobody: a sender that is killed does not call it back.
        self._loop.call_later(self._delay, arrive, context=contextvars.Context())


class _Datagrams(asyncio.DatagramTransport):
    def __init__(self, network: Network, sock: socket.socket, protocol: asyncio.DatagramProtocol) -> None:
        super().__init__()
        self.owner = current()
        self.local: Address = sock.getsockname()[:2]
        self.peer: Address = sock.getpeername()[:2]
        self._network = network
        self._sock = sock  # holds the port
        self._protocol = protocol

    def sendto(self, data: Any, addr: Any = None) -> None:
        self._network.send(bytes(data), self.local, self.peer)

    def arrive(self, octets: bytes) -> None:
        if self.owner is None:
            self._protocol.datagram_received(octets, self.peer)
        elif self.owner.alive:
            self.owner.run(self._protocol.datagram_received, octets, self.peer)

    def abort(self) -> None:
        self._network.closed(self.local)
        self._sock.close()

    close = abort


class HttpServer:
    """What `create_server` gives, as far as aiohttp looks at it."""

    def __init__(self, factory: Callable[[], asyncio.Protocol], address: Address, closed: Callable[[], object]) -> None:
        self.owner = current()
        self.sockets = [self]
        self._factory = factory
        self._address = address
        self._closed = closed
        self._open: set[_Connection] = set()

    def getsockname(self) -> Address:
        """As a socket's."""
        return self._address

    async def get(self, path: str) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = _Connection()
        self._open.add(connection)
        try:
            self._as_owner(connection.begin, self._factory)
            request = f"GET {path} HTTP/1.1\r\nHost: {self._address[0]}\r\nConnection: close\r\n\r\n"
            self._as_owner(connection.protocol.data_received, request.encode("ascii"))
            return await connection.answer
        finally:
            self._open.discard(connection)
            if self.owner is None or self.owner.alive:
                self._as_owner(connection.protocol.connection_lost, None)

    def break_off(self) -> None:
        """Every client's connection is reset."""
        for connection in self._open:
            if not connection.answer.done():
                connection.answer.set_exception(ConnectionResetError("the server was killed"))

    def close(self) -> None:
        """Listen no more."""
        self._closed()

    async def wait_closed(self) -> None:
        """Nothing to wait for."""

    def _as_owner(self, call: Callable[..., Any], *arguments: Any) -> None:
        if self.owner is None:
            call(*arguments)
        else:
            self.owner.run(call, *arguments)


class _Connection(asyncio.Transport):
    protocol: asyncio.Protocol

    def __init__(self) -> None:
        super().__init__()
        self.answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._octets = b""
        self._closing = False

    def begin(self, factory: Callable[[], asyncio.Protocol]) -> None:
        self.protocol = factory()
        self.protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self._octets += bytes(data)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True
        head, blank, body = self._octets.partition(b"\r\n\r\n")
        if self.answer.done():
            return
        if blank:
            self.answer.set_result((int(head.split(b" ", 2)[1]), body))
        else:
            self.answer.set_exception(ConnectionResetError("no answer came"))

    abort = close

    def pause_reading(self) -> None:
        """Nothing comes by itself."""

    def resume_reading(self) -> None:
        """Nothing comes by itself."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 0) if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """aiohttp changes it for WebSockets only."""
