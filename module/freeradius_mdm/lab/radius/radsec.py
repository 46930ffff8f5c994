"""RADIUS over TLS (RadSec, RFC 6614): the same packets, one after another on a TLS connection."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from freeradius_mdm.lab.radius import wire
from freeradius_mdm.lab.radius.client import RadiusClient, RetryPolicy, Server
from freeradius_mdm.lab.radius.errors import MalformedPacket, NoReply, RequestError
from freeradius_mdm.lab.radius.tls import TlsProfile
from freeradius_mdm.lab.radius.wire import LARGEST_PACKET, WirePacket

PORT = 2083  # TCP, RFC 6614 section 2.1
SECRET = b"radsec"  # the same everywhere, because TLS protects: RFC 6614 section 2.3
_HEADER = 4  # octets of code, identifier and length


class RadSecClient(RadiusClient):
    """A network device's client over TLS; takes the place of RadiusClient everywhere.

    `profile`: the device's certificate, and what it expects of the server's. A request is sent once, because TCP
    repeats it (RFC 6614 section 2.6 by way of RFC 6613 section 2.6.1); `timeout`: seconds until its reply has to be
    there, and for the connection. A connection that broke is opened anew by the next exchange.
    """

    def __init__(
        self, host: str, profile: TlsProfile, port: int = PORT, timeout: float = 10.0, source: str | None = None
    ) -> None:
        super().__init__(Server(host, port, SECRET, source), RetryPolicy(tries=1, wait=timeout))
        self.profile = profile
        self._tls: ssl.SSLSocket | None = None

    @property
    def tls_version(self) -> str | None:
        """`TLSv1.2` or `TLSv1.3`; None without a connection."""
        return self._tls.version() if self._tls else None

    def close(self) -> None:
        """Close the connection; another exchange would open a new one."""
        if self._tls is not None:
            self._tls.close()
            self._tls = None

    def exchange_wire(self, packet: Any) -> WirePacket:
        """Send a request and wait for its reply. Raises NoReply, also when TLS fails, and RequestError."""
        octets: bytes = packet.RequestPacket()
        if len(octets) > LARGEST_PACKET:
            raise RequestError(f"a request of {len(octets)} octets, at most {LARGEST_PACKET}; shorten it")
        deadline = time.monotonic() + self.retry.wait
        try:
            connection = self._connection(deadline)
            connection.sendall(octets)
            while True:
                reply = wire.parse(self._read_packet(connection, deadline))
                # A late reply to an earlier request may still be in the stream.
                if reply.identifier == octets[1]:
                    break
        except TimeoutError:
            self.close()
            raise NoReply(
                f"{self._where}: no answer within {self.retry.wait:g} s over TLS; see the server's log"
            ) from None
        except (OSError, EOFError, MalformedPacket) as error:
            self.close()
            why = getattr(error, "reason", None) or error
            raise NoReply(
                f"{self._where}: {why}; does the server trust our certificate, and know this client for proto = tls?"
            ) from error
        if why := wire.fault(reply, octets, SECRET):
            self.close()
            raise NoReply(f"{self._where}: a reply that is not genuine: {why}")
        return reply

    def _connection(self, deadline: float) -> ssl.SSLSocket:
        if self._tls is None:
            source = (self.server.source, 0) if self.server.source else None
            left = _left(deadline)
            plain = socket.create_connection((self.server.host, self.server.port), left, source_address=source)
            try:
                self._tls = self.profile.context.wrap_socket(plain, server_hostname=self.profile.server_name)
            except OSError:
                plain.close()
                raise
        self._tls.settimeout(_left(deadline))
        return self._tls

    def _read_packet(self, connection: ssl.SSLSocket, deadline: float) -> bytes:
        """The next packet of the stream, its end told by its own length field (RFC 6613 section 2.6)."""
        header = _read(connection, _HEADER, deadline)
        length = int.from_bytes(header[2:], "big")
        if not 20 <= length <= LARGEST_PACKET:
            raise MalformedPacket(f"a packet of {length} octets; the stream can't be followed any more")
        return header + _read(connection, length - _HEADER, deadline)


def _read(connection: ssl.SSLSocket, count: int, deadline: float) -> bytes:
    octets = b""
    while len(octets) < count:
        connection.settimeout(_left(deadline))
        more = connection.recv(count - len(octets))
        if not more:
            raise EOFError("the server closed the connection")
        octets += more
    return octets


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
