"""One UDP socket from us to one network device, and the identifiers in use on it.

RFC 5176 section 2.3: a device knows a duplicate by source address, source port and Identifier, so an identifier must
not come again on the same port while the device may remember it. The socket is connected: the kernel drops what others
send, and tells us when nothing listens on the port.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections.abc import Callable
from typing import cast

from .attributes import PacketError
from .packet import Answer, read_answer

_IDENTIFIERS = 256


class Exchange:
    """One request in flight. `done` ends in an Answer, or in the OSError that the kernel reported."""

    def __init__(self, request: bytes, secret: bytes) -> None:
        self._request = request
        self._secret = secret
        self.done: asyncio.Future[Answer | OSError] = asyncio.get_running_loop().create_future()
        self.discarded: list[str] = []  # why answers were not believed

    def received(self, octets: bytes) -> None:
        """Believe a genuine answer, count any other and go on waiting."""
        try:
            answer = read_answer(octets, self._request, self._secret)
        except PacketError as error:
            self.discarded.append(str(error))
            return
        if not self.done.done():  # some devices answer twice
            self.done.set_result(answer)

    def failed(self, error: OSError) -> None:
        """The kernel says that nothing got there."""
        if not self.done.done():
            self.done.set_result(error)


class Channel(asyncio.DatagramProtocol):
    """Belongs to the event loop. `remember`: seconds in which an identifier is not used again."""

    def __init__(self, local: tuple[str, int], remember: float, *, for_resuming: bool = False) -> None:
        self.local = local
        self.for_resuming = for_resuming
        self.idle_since = 0.0  # the monotonic clock's time
        self._remember = remember
        self._free_at = [float("-inf")] * _IDENTIFIERS
        # After a restart another process may have used the same port and the low numbers a moment ago.
        self._next = random.randrange(_IDENTIFIERS)  # noqa: S311 no secret
        self._reserved: set[int] = set()
        self._flights: dict[int, Exchange] = {}
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def busy(self) -> bool:
        """True while a request is in flight or about to be."""
        return bool(self._reserved)

    def allocate(self, now: float) -> int | None:
        """An identifier that the device can't confuse with an earlier one; None when there is none for now."""
        for step in range(_IDENTIFIERS):
            number = (self._next + step) % _IDENTIFIERS
            if self._free_at[number] <= now:
                self._next = (number + 1) % _IDENTIFIERS
                self._reserve(number)
                return number
        return None

    def begin(self, identifier: int, exchange: Exchange) -> bool:
        """Take answers for that identifier; False when a request with it is in flight already."""
        if identifier in self._flights:
            return False
        self._reserve(identifier)
        self._flights[identifier] = exchange
        return True

    def end(self, identifier: int, now: float) -> None:
        """The identifier rests for a while; an answer that still comes is dropped."""
        self._flights.pop(identifier, None)
        self._reserved.discard(identifier)
        self._free_at[identifier] = now + self._remember
        self.idle_since = now

    def send(self, octets: bytes) -> None:
        """Send, never blocking; what fails is told to the exchanges in flight."""
        if self._transport is not None:
            self._transport.sendto(octets)

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def _reserve(self, identifier: int) -> None:
        self._reserved.add(identifier)
        self._free_at[identifier] = float("inf")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the socket is ready."""
        # The selector loop's transport is not a subclass of it before Python 3.12.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """asyncio: something came from the device's address and port."""
        if len(data) > 1 and data[1] in self._flights:
            self._flights[data[1]].received(data)

    def error_received(self, exc: Exception) -> None:
        """asyncio: the kernel reports an error, such as ICMP port unreachable."""
        if isinstance(exc, OSError):
            for exchange in self._flights.values():
                exchange.failed(exc)


async def open_channel(
    source: str, source_port: int, device: tuple[str, int], make: Callable[[tuple[str, int]], Channel]
) -> Channel:
    """A channel to `device`; `source` "" and port 0 leave the choice to the kernel. Raises OSError and ValueError."""
    version = ipaddress.ip_address(device[0]).version
    sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((source or ("0.0.0.0" if version == 4 else "::"), source_port))  # noqa: S104 connected below
        sock.connect(device)
        channel = make(sock.getsockname()[:2])
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: channel, sock=sock)
    except BaseException:
        sock.close()
        raise
    return channel
