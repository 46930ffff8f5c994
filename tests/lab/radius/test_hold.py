"""A session that is held: what CoA, Disconnect and its timer make of it, and what the reader is told."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from freeradius_mdm.lab.radius import Attribute, Attributes, Code, NoReply, Reply, RequestError
from freeradius_mdm.lab.radius.access import WiredPort
from freeradius_mdm.lab.radius.hold import Device, Hold
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood, NasSettings
from tests.lab.radius.asker import COA, DISCONNECT, REAUTHENTICATE, SECRET, Asker, wait_for
from tests.service.fakes import Clock

REJECT = Reply(Code.ACCESS_REJECT, (), None, False, False, False, 20)
AUDIT1 = 'Cisco-AVPair = "audit-session-id=AUDIT1"'
BOUNCE = ("Cisco-AVPair", "subscriber:command=bounce-host-port")


def accept(vlan: str, timer: int = 3600, *, again: bool = True) -> Reply:
    given = [
        Attribute("Tunnel-Private-Group-Id", 1, vlan),
        Attribute("Session-Timeout", None, timer),
        Attribute("EAP-Message", None, b"\x03\x07\x00\x04"),
        *([Attribute("Termination-Action", None, 1)] if again else []),
    ]
    return Reply(Code.ACCESS_ACCEPT, tuple(given), None, True, True, True, 60)


def given(vlan: str, timer: int = 3600, *, again: bool = True) -> str:
    """What the reader sees of `accept`."""
    lines = [f'Tunnel-Private-Group-Id:1 = "{vlan}"', f"Session-Timeout = {timer}"]
    lines += ["Termination-Action = RADIUS-Request (1)"] if again else []
    return "\n".join(["Access-Accept", *(f"    {line}" for line in lines)])


class Held:
    """The session in a thread of its own, and what was said since the beginning."""

    def __init__(self, *replies: Reply | NoReply, mood: Mood = Mood.HONEST) -> None:
        self.replies = list(replies)
        self.said: list[str] = []
        self.ports: list[Attributes] = []
        self.clock = Clock()
        self.result: list[bool] = []
        self.end = threading.Event()
        device = Device("host/laptop", self._port, self._sign_in)
        self.hold = Hold(device, NasSettings(SECRET), Behaviour(mood, 503), None, self.said.append, self.clock)
        self.thread = threading.Thread(target=lambda: self.result.append(self.hold.run(self.end.is_set)))

    def _port(self) -> Attributes:
        return WiredPort("00:50:56:00:00:01", f"AUDIT{len(self.ports) + 1}").dot1x()

    def _sign_in(self, port: Attributes) -> Reply:
        self.ports.append(port)
        reply = self.replies.pop(0)
        if isinstance(reply, NoReply):
            raise reply
        return reply

    def asks(self, code: int, *pairs: tuple[str, str], number: int = 1) -> tuple[int, int | None] | None:
        """A request about its session, by the audit-session-id of the latest sign-in with a new one."""
        asker = Asker(self.hold._nas)
        with asker.socket:
            return asker.ask(asker.request(code, *pairs, number=number, stamp=int(time.time())))

    def told(self, *lines: str) -> None:
        """All that was said after the beginning, as soon as there is so much."""
        wait_for(lambda: len(self.said) >= 2 + len(lines))
        assert self.said[2:] == list(lines)


@contextmanager
def held(*replies: Reply | NoReply, mood: Mood = Mood.HONEST) -> Iterator[Held]:
    made = Held(*replies, mood=mood)
    made.thread.start()
    try:
        wait_for(lambda: len(made.said) >= 2)
        yield made
    finally:
        made.end.set()
        made.thread.join(10)


def audit(number: int) -> tuple[str, str]:
    return ("Cisco-AVPair", f"audit-session-id=AUDIT{number}")


def test_it_authenticates_again_as_it_is_told() -> None:
    with held(accept("EMPLOYEES"), accept("666")) as device:
        assert device.said == [
            f"signs in: {given('EMPLOYEES')}",
            f"takes CoA and Disconnect requests on {device.hold.listening}; Ctrl-C ends the session",
        ]
        assert device.asks(COA, audit(1), REAUTHENTICATE) == (44, None)
        device.told("is told to authenticate again by a CoA-Request", f"authenticates again: {given('666')}")
        assert device.ports[0] == device.ports[1]
    assert device.result == [True]
    assert device.said[4:] == ["leaves, its session has ended"]


def test_what_is_done_is_no_refusal() -> None:
    for mood in (Mood.FORGED, Mood.TWICE, Mood.MUTE):
        with held(accept("EMPLOYEES"), accept("666"), mood=mood) as device:
            asker = Asker(device.hold._nas)
            with asker.socket:
                asker.socket.send(asker.request(COA, audit(1), REAUTHENTICATE, stamp=int(time.time())))
            device.told("is told to authenticate again by a CoA-Request", f"authenticates again: {given('666')}")


def test_silence_is_told() -> None:
    with held(accept("EMPLOYEES"), mood=Mood.SILENT) as device:
        asker = Asker(device.hold._nas)
        with asker.socket:
            asker.socket.send(asker.request(DISCONNECT, ("Acct-Session-Id", "7"), stamp=int(time.time())))
        device.told('does not answer a Disconnect-Request about Acct-Session-Id = "7"')


def test_a_reject_ends_it() -> None:
    with held(accept("EMPLOYEES"), REJECT) as device:
        assert device.asks(COA, audit(1), REAUTHENTICATE) == (44, None)
        device.told("is told to authenticate again by a CoA-Request", "authenticates again: Access-Reject")
        wait_for(lambda: device.result)
    assert device.result == [False]


def test_a_reject_at_the_beginning() -> None:
    device = Held(REJECT)
    assert device.hold.run(lambda: True) is False
    assert device.said == ["signs in: Access-Reject"]


def test_disconnected_it_signs_in_anew() -> None:
    with held(accept("EMPLOYEES"), accept("666"), accept("EMPLOYEES")) as device:
        assert device.asks(DISCONNECT, audit(1)) == (41, None)
        device.told("is disconnected by a Disconnect-Request", f"signs in: {given('666')}")
        assert device.asks(DISCONNECT, audit(1), number=2) == (42, 503)  # that session is over
        assert device.asks(COA, audit(2), BOUNCE, number=3) == (44, None)
        wait_for(lambda: len(device.said) >= 7)
        refusal = f"answers NAK 503 Session-Context-Not-Found to a Disconnect-Request about {AUDIT1}"
        assert refusal in device.said[4:]
        assert [line for line in device.said[4:] if line != refusal] == [
            "has its port bounced by a CoA-Request",
            f"authenticates again: {given('EMPLOYEES')}",
        ]


def test_a_push_is_shown() -> None:
    with held(accept("EMPLOYEES")) as device:
        assert device.asks(COA, audit(1), ("Filter-Id", "quarantine.in")) == (44, None)
        device.told('is given another authorization by a CoA-Request\n    Filter-Id = "quarantine.in"')


def test_its_timer() -> None:
    with held(accept("EMPLOYEES", 600), NoReply("nobody there"), accept("666", 60, again=False), REJECT) as device:
        device.clock.now += 599
        assert device.said[2:] == []
        device.clock.now += 1
        device.told("its timer of 600 s has ended", "nobody there")
        device.clock.now += 600
        device.told(
            "its timer of 600 s has ended",
            "nobody there",
            "its timer of 600 s has ended",
            f"authenticates again: {given('666', 60, again=False)}",
        )
        device.clock.now += 60
        wait_for(lambda: device.result)
        assert device.said[6:] == ["its timer of 60 s has ended, and the session with it", "signs in: Access-Reject"]
    assert device.result == [False]


def test_a_mood_and_a_wrong_secret() -> None:
    with held(accept("EMPLOYEES"), mood=Mood.NAK) as device:
        assert device.asks(COA, audit(1), REAUTHENTICATE) == (45, 503)
        refusal = f"answers NAK 503 Session-Context-Not-Found to a CoA-Request about {AUDIT1}"
        device.told(refusal)
        asker = Asker(device.hold._nas)
        asker.expect_silence = True
        with asker.socket:
            forged = asker.request(COA, audit(1), REAUTHENTICATE, secret=b"other", stamp=int(time.time()))
            assert asker.ask(forged) is None
        device.told(
            refusal,
            "drops a request: wrong Request Authenticator",
        )


def test_a_port_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        device = Device("host/laptop", tuple, lambda _: accept("EMPLOYEES"))
        port = taken.getsockname()[1]
        hold = Hold(device, NasSettings(SECRET, port=port), Behaviour(), None, print)
        with pytest.raises(RequestError, match=rf"127.0.0.1:{port}: Address already in use; .* --coa-port"):
            hold.run(lambda: True)
