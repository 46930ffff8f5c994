"""Sends CoA and Disconnect requests to the lab's network device: pyrad's packets, not our own sender's."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from pyrad.packet import CoAPacket

from freeradius_mdm.lab.radius import attributes
from freeradius_mdm.lab.radius.nas import LabNas

SECRET = b"xyzzy5461"
NOW = 1_800_000_000
COA, DISCONNECT = 43, 40
ERROR_CAUSE = 101
REAUTHENTICATE = ("Cisco-AVPair", "subscriber:command=reauthenticate")


class Asker:
    """Sends requests from one port; `ask` gives the answer's code and Error-Cause, None for silence."""

    def __init__(self, nas: LabNas) -> None:
        self.nas = nas
        self.expect_silence = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", nas.port))

    def request(
        self, code: int, *pairs: tuple[str, Any], number: int = 1, secret: bytes = SECRET, stamp: int | None = NOW
    ) -> bytes:
        packet: Any = CoAPacket(code=code, id=number, secret=secret, dict=attributes.dictionary())
        packet.message_authenticator = True
        packet.update(attributes.encode([*pairs, *([("Event-Timestamp", stamp)] if stamp is not None else [])]))
        octets: bytes = packet.RequestPacket()
        return octets

    def ask(self, octets: bytes) -> tuple[int, int | None] | None:
        before = self.nas.received
        self.socket.send(octets)
        wait_for(lambda: self.nas.received > before)
        # A short wait is enough where none is expected; a wrong answer would still be seen.
        self.socket.settimeout(0.2 if self.expect_silence else 10)
        try:
            answer = self.socket.recv(4096)
        except TimeoutError:
            return None
        packet: Any = CoAPacket(packet=octets, secret=SECRET, dict=attributes.dictionary())
        reply: Any = packet.CreateReply(packet=answer)
        assert packet.VerifyReply(reply, answer), "VerifyReply: the answer is not genuine"
        causes = dict(reply.items()).get(ERROR_CAUSE)
        return reply.code, int.from_bytes(causes[0], "big") if causes else None


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "not in time"
