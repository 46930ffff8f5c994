"""A UDP relay between a supplicant and radiusd: it keeps raw packets and can send requests repeatedly."""

from __future__ import annotations

import select
import socket
import threading
import time
from dataclasses import dataclass, field

from radius import Packet, decode


@dataclass
class Relay:
    """Relays 127.0.0.1:`port` to radiusd. `repeat_every` (seconds) resends until there is an answer."""

    server_port: int
    repeat_every: float | None = None
    requests: list[bytes] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    resent: int = 0

    def __enter__(self) -> Relay:
        self._down = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._down.bind(("127.0.0.1", 0))
        self._up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._up.connect(("127.0.0.1", self.server_port))
        self.port: int = self._down.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._down.close()
        self._up.close()

    def _run(self) -> None:
        client = None
        waiting: bytes | None = None
        due = 0.0
        while not self._stop.is_set():
            ready, _, _ = select.select([self._down, self._up], [], [], 0.02)
            for sock in ready:
                try:
                    if sock is self._down:
                        waiting, client = self._down.recvfrom(4096)
                        self.requests.append(waiting)
                        self._up.send(waiting)
                        due = time.monotonic() + (self.repeat_every or 0)
                    else:
                        reply = self._up.recv(4096)
                        self.replies.append(reply)
                        waiting = None
                        if client:
                            self._down.sendto(reply, client)
                except ConnectionRefusedError:
                    continue
            if self.repeat_every and waiting and time.monotonic() >= due:
                self._up.send(waiting)
                self.resent += 1
                due = time.monotonic() + self.repeat_every

    def ask_again(self) -> bool:
        """Resend the last request after it was answered; True when the very same reply comes back."""
        known, last = len(self.replies), self.replies[-1]
        self._up.send(self.requests[-1])
        deadline = time.monotonic() + 2
        while len(self.replies) == known and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self.replies) == known + 1 and self.replies[-1] == last

    def answers_to_last(self) -> int:
        """How many replies carry the id of the last request."""
        return sum(1 for reply in self.replies if reply[1] == self.requests[-1][1])

    @property
    def last(self) -> Packet:
        return decode(self.replies[-1])

    @property
    def last_pair(self) -> tuple[bytes, bytes]:
        """The last reply, and the request with the same id that it answers."""
        reply = self.replies[-1]
        return reply, next(raw for raw in reversed(self.requests) if raw[1] == reply[1])
