"""One RADIUS exchange after another over one UDP socket: send, retransmit, believe only genuine replies."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from pyrad.packet import AcctPacket, AuthPacket

from freeradius_mdm.lab.radius import attributes, eap, reply, wire
from freeradius_mdm.lab.radius.attributes import Encoded
from freeradius_mdm.lab.radius.errors import MalformedPacket, NoReply, RequestError
from freeradius_mdm.lab.radius.reply import Reply
from freeradius_mdm.lab.radius.wire import LARGEST_PACKET, WirePacket

_USER_PASSWORD = 2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to wait, in the manner of RFC 5080 section 2.2.1 but without its jitter.

    `tries`: how often a request is sent in all. `wait`: seconds before the second time; it grows by `growth`
    each time, up to `longest_wait` seconds. `refused_ends`: give up at once when the host says that nothing
    listens on the port; turn it off to sit out a restart of the server.
    """

    tries: int = 3
    wait: float = 2.0
    growth: float = 2.0
    longest_wait: float = 16.0
    refused_ends: bool = True

    def waits(self) -> Iterator[float]:
        """Seconds to wait after each sending."""
        for number in range(self.tries):
            yield min(self.wait * self.growth**number, self.longest_wait)


@dataclass(frozen=True, slots=True)
class Server:
    """A RADIUS server as seen by a network device. `host` is a name, an IPv4 or an IPv6 address.

    `source` is the local address to send from, for a server that knows its clients by address.
    """

    host: str
    port: int = 1812
    secret: bytes = field(default=b"testing123", repr=False)
    source: str | None = None


class RadiusClient:
    """A network device's RADIUS client for one server and port; use one for each thread.

    The socket is opened with the first exchange and kept, identifiers count up. A retransmission repeats the
    same octets.
    """

    def __init__(self, server: Server, retry: RetryPolicy | None = None) -> None:
        self.server = server
        self.retry = retry or RetryPolicy()
        self._socket: socket.socket | None = None
        self._identifier = secrets.randbelow(256)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket; another exchange would open a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def access_request(
        self,
        encoded: Encoded,
        *,
        password: str | bytes | None = None,
        eap_message: bytes = b"",
        state: bytes | None = None,
        sign: bool = True,
    ) -> Any:
        """Make an Access-Request (a pyrad AuthPacket) from `attributes.encode(...)`.

        `password` is sent as PAP (RFC 2865 section 5.2), `state` echoed. `sign` adds Message-Authenticator as
        first attribute; without it the request is what an ASA sends. Raises RequestError.
        """
        packet = AuthPacket(**self._packet_arguments(), authenticator=secrets.token_bytes(16))
        packet.message_authenticator = sign or None
        packet.update(encoded)
        if password is not None:
            try:
                packet[_USER_PASSWORD] = [packet.PwCrypt(password)]
            except ValueError as error:
                raise RequestError(f"User-Password: {error}; at most 128 octets fit") from error
        if eap_message:
            packet[wire.EAP_MESSAGE] = eap.to_attributes(eap_message)
        if state is not None:
            packet[wire.STATE] = [state]
        return packet

    def accounting_request(self, encoded: Encoded) -> Any:
        """Make an Accounting-Request (a pyrad AcctPacket) from `attributes.encode(...)`."""
        packet = AcctPacket(**self._packet_arguments())
        packet.update(encoded)
        return packet

    def exchange(self, packet: Any) -> Reply:
        """Send a request and wait for its reply. Raises NoReply and RequestError."""
        return reply.decode(self.exchange_wire(packet))

    def exchange_wire(self, packet: Any) -> WirePacket:
        """Like `exchange`, for a caller that needs a few octets of the reply and not all of it decoded."""
        octets: bytes = packet.RequestPacket()
        if len(octets) > LARGEST_PACKET:
            raise RequestError(f"a request of {len(octets)} octets, at most {LARGEST_PACKET}; shorten it")
        discarded: list[str] = []
        for wait in self.retry.waits():
            try:
                found = self._try(octets, wait, discarded)
            except ConnectionRefusedError:
                if self.retry.refused_ends:
                    raise NoReply(f"{self._where}: nothing listens there; is the server running?") from None
                discarded.append("connection refused")
                continue
            except OSError as error:
                raise NoReply(f"{self._where}: {error}; check address and port") from error
            if found is not None:
                return found
        why = f"; discarded: {', '.join(dict.fromkeys(discarded))}" if discarded else ""
        raise NoReply(
            f"{self._where}: no answer to {self.retry.tries} requests{why}; "
            "does the server know this client and its secret, does it want Message-Authenticator? See its log"
        )

    def _try(self, octets: bytes, wait: float, discarded: list[str]) -> WirePacket | None:
        """Send once and read until a genuine reply comes or `wait` seconds are over."""
        sock = self._socket or self._open()
        deadline = time.monotonic() + wait
        sock.send(octets)
        while (left := deadline - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                received = sock.recv(LARGEST_PACKET)
            except TimeoutError:
                return None
            except ConnectionRefusedError:
                if self.retry.refused_ends:
                    raise
                discarded.append("connection refused")
                continue
            try:
                packet = wire.parse(received)
            except MalformedPacket as error:
                discarded.append(str(error))
                continue
            why = wire.fault(packet, octets, self.server.secret)
            if why is None:
                return packet
            discarded.append(why)
        return None

    def _open(self) -> socket.socket:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self.server.host, self.server.port, type=socket.SOCK_DGRAM
        )[0]
        sock = socket.socket(family, kind, protocol)
        try:
            if self.server.source is not None:
                sock.bind((self.server.source, 0))
            # Connected, so that the kernel drops what others send and tells us when the port is closed.
            sock.connect(address)
        except OSError:
            sock.close()
            raise
        self._socket = sock
        return sock

    def _packet_arguments(self) -> dict[str, Any]:
        self._identifier = (self._identifier + 1) % 256
        return {"id": self._identifier, "secret": self.server.secret, "dict": attributes.dictionary()}

    @property
    def _where(self) -> str:
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return f"{host}:{self.server.port}"
