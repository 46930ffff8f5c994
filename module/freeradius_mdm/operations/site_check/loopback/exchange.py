"""One Access-Request and its answer, over UDP. RFC 2865 sections 3 and 4.1, RFC 3579 section 3.2."""

from __future__ import annotations

import hmac
import itertools
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType

from ....coa.attributes import KNOWN, Attribute, Definition, Kind, PacketError, encode_all
from ....coa.packet import genuine
from .directory import Nas

ATTRIBUTES = {
    **KNOWN,
    "NAS-Port-Type": Definition(61, Kind.INTEGER, names={"Virtual": 5, "Ethernet": 15, "Wireless-802.11": 19}),
    "Tunnel-Client-Endpoint": Definition(66, tagged=True),
}
_MESSAGE_AUTHENTICATOR = 80
_REQUEST = 1
_WAIT = 3.0  # seconds for each of `_TRIES`
_TRIES = 3


class AccessCode(IntEnum):
    """RFC 2865 section 4."""

    ACCEPT = 2
    REJECT = 3
    CHALLENGE = 11


class NoAnswer(Exception):
    """Nothing came that could be believed; the text says what did."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`attributes`: (number, octets) in the packet's order, without Message-Authenticator; `signed`: it had one."""

    code: AccessCode
    attributes: tuple[tuple[int, bytes], ...]
    signed: bool


class Exchange:
    """A socket of one network device. A context manager that closes it."""

    def __init__(self, nas: Nas, port: int) -> None:
        self._secret = nas.secret.encode()
        self._identifiers = itertools.cycle(range(256))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((nas.address, 0))
            self._socket.connect(("127.0.0.1", port))
            self._socket.settimeout(_WAIT)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, attributes: Iterable[Attribute]) -> Reply:
        """Send a signed Access-Request and give its answer. Raises NoAnswer, and PacketError for what can't be sent."""
        request = _request(next(self._identifiers), attributes, self._secret)
        why = f"no answer in {_WAIT * _TRIES:g} s"
        for _ in range(_TRIES):
            self._socket.send(request)
            try:
                while True:
                    octets = self._socket.recv(65535)
                    try:
                        return _reply(octets, request, self._secret)
                    except PacketError as error:
                        why = str(error)
            except OSError as error:
                why = why if isinstance(error, TimeoutError) else str(error)
        raise NoAnswer(why)


def _request(identifier: int, attributes: Iterable[Attribute], secret: bytes) -> bytes:
    body = encode_all(attributes, ATTRIBUTES)
    blank = bytes([_MESSAGE_AUTHENTICATOR, 18]) + bytes(16)
    head = struct.pack("!BBH16s", _REQUEST, identifier, 20 + len(blank) + len(body), os.urandom(16))
    signature = hmac.digest(secret, head + blank + body, "md5")
    return head + blank[:2] + signature + body


def _reply(octets: bytes, request: bytes, secret: bytes) -> Reply:
    code, attributes = genuine(octets, request, secret, (request[4:20],))
    if code not in tuple(AccessCode):
        raise PacketError(f"code {code} is no answer to an Access-Request")
    kept = tuple((number, value) for _, number, value in attributes if number != _MESSAGE_AUTHENTICATOR)
    return Reply(AccessCode(code), kept, len(kept) != len(attributes))
