"""The lab's network device: what it believes, what it does, and how often; asked with pyrad, not our own sender."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pyrad.packet import CoAPacket

from freeradius_mdm.lab.radius import Code, NoReply, RadiusClient, Reply, attributes
from freeradius_mdm.lab.radius.access import WiredPort, authenticate_mab
from freeradius_mdm.lab.radius.nas import LabNas
from freeradius_mdm.lab.radius.nas_request import Behaviour, Mood, NasSettings
from freeradius_mdm.lab.radius.nas_session import EffectKind, NasSession
from tests.lab.radius import radiusd
from tests.lab.radius.asker import COA, DISCONNECT, NOW, REAUTHENTICATE, SECRET, Asker, wait_for

ACKS = {COA: 44, DISCONNECT: 41}


def port(number: int) -> WiredPort:
    return WiredPort(f"00:50:56:00:00:{number:02x}", f"AUDIT{number}")


def session(number: int = 1) -> NasSession:
    return NasSession(f"user{number}", f"acct{number}", port(number).dot1x())


def audit(number: int = 1) -> tuple[str, str]:
    return ("Cisco-AVPair", f"audit-session-id=AUDIT{number}")


@contextmanager
def bench(**changes: Any) -> Iterator[tuple[LabNas, Asker]]:
    with LabNas(NasSettings(SECRET, **changes), wall=lambda: NOW) as nas:
        for number in (1, 2):
            nas.start(session(number))
        asker = Asker(nas)
        with asker.socket:
            yield nas, asker


def test_reauthenticate_and_disconnect() -> None:
    with bench() as (nas, asker):
        first, second = nas.sessions
        assert asker.ask(asker.request(COA, audit(1), REAUTHENTICATE)) == (44, None)
        assert asker.ask(asker.request(DISCONNECT, audit(2), number=2)) == (41, None)
        wait_for(lambda: nas.sessions == [first])
        assert nas.effects_on(first) == [EffectKind.REAUTHENTICATED]
        assert nas.effects_on(second) == [EffectKind.DISCONNECTED]
        assert asker.ask(asker.request(DISCONNECT, audit(2), number=3)) == (42, 503)


def test_a_copy_has_no_second_effect() -> None:
    with bench() as (nas, asker):
        octets = asker.request(COA, audit(), REAUTHENTICATE)
        assert [asker.ask(octets) for _ in range(3)] == [(44, None)] * 3
        assert (nas.received, nas.distinct, nas.duplicates, len(nas.effects)) == (3, 1, 2, 1)
        # the same identifier with other attributes is a new request (RFC 5080 section 2.2.2)
        assert asker.ask(asker.request(COA, audit(2), REAUTHENTICATE)) == (44, None)
        # and so is the same request from another port
        with (other := Asker(nas)).socket:
            assert other.ask(octets) == (44, None)
        assert (nas.distinct, len(nas.effects)) == (3, 3)


@pytest.mark.parametrize(
    ("code", "pairs", "cause"),
    [
        (COA, [audit(9), REAUTHENTICATE], 503),
        (COA, [audit(1), ("Acct-Session-Id", "acct2"), REAUTHENTICATE], 407),  # all that are sent must match
        (COA, [("NAS-IP-Address", "192.0.2.10"), REAUTHENTICATE], 402),
        (COA, [audit(1)], 402),
        (COA, [("NAS-IP-Address", "192.0.2.99"), audit(1), REAUTHENTICATE], 403),
        (COA, [("Called-Station-Id", "00-1B-54-AA-BB-05"), REAUTHENTICATE], 508),
        (COA, [audit(1), ("Cisco-AVPair", "subscriber:command=explode")], 407),
        (COA, [audit(1), ("Filter-Id", "no")], 401),
        (DISCONNECT, [audit(1), ("Service-Type", 1)], 401),
    ],
)
def test_refusals(code: int, pairs: list[tuple[str, Any]], cause: int) -> None:
    with bench(unsupported=frozenset({"Filter-Id"})) as (nas, asker):
        assert asker.ask(asker.request(code, *pairs)) == (ACKS[code] + 1, cause)
        assert nas.effects == []


@pytest.mark.parametrize(
    "pair", [("Acct-Session-Id", "acct1"), ("User-Name", "user1"), ("Calling-Station-Id", "00-50-56-00-00-01")]
)
def test_what_names_a_session(pair: tuple[str, str]) -> None:
    with bench() as (nas, asker):
        one = nas.sessions[0]
        pairs = [("NAS-IP-Address", "192.0.2.10"), pair, REAUTHENTICATE]
        assert asker.ask(asker.request(COA, *pairs)) == (44, None)
        assert nas.effects_on(one) == [EffectKind.REAUTHENTICATED]


def test_a_push_replaces_what_was_there() -> None:
    with bench() as (nas, asker):
        one = nas.sessions[0]
        pairs = [audit(), ("Filter-Id", "quarantine"), ("Service-Type", 1)]
        assert asker.ask(asker.request(COA, *pairs)) == (44, None)
        wait_for(lambda: one.pushed)
        assert one.pushed is not None
        assert {(at.name, at.value) for at in one.pushed} == {("Filter-Id", "quarantine"), ("Service-Type", 1)}


def test_a_bounce_gives_a_new_session() -> None:
    with bench() as (nas, asker):
        one = nas.sessions[0]
        assert asker.ask(asker.request(COA, audit(), ("Cisco-AVPair", "subscriber:command=bounce-host-port")))
        wait_for(lambda: len(nas.sessions) == 2 and one not in nas.sessions)
        assert nas.sessions[1].identifier == "acct1+"
        assert nas.effects_on(one) == [EffectKind.BOUNCED]


def test_what_is_dropped_without_a_word() -> None:
    with bench() as (nas, asker):
        asker.expect_silence = True
        good = asker.request(COA, audit(), REAUTHENTICATE)
        unsigned: Any = CoAPacket(code=COA, id=1, secret=SECRET, dict=attributes.dictionary())
        unsigned.update(attributes.encode([audit(), ("Event-Timestamp", NOW)]))
        dropped = {
            "wrong Request Authenticator": asker.request(COA, audit(), secret=b"other"),
            "stale Event-Timestamp": asker.request(COA, audit(), stamp=NOW - 301),
            "no Event-Timestamp": asker.request(COA, audit(), stamp=None),
            "no Message-Authenticator": unsigned.RequestPacket(),
            "code 1": b"\x01" + good[1:],
        }
        for why, octets in dropped.items():
            assert asker.ask(octets) is None, why
            assert nas.dropped[why] == 1
        assert asker.ask(good[:19]) is None
        assert sum(nas.dropped.values()) == 6
        assert (nas.distinct, nas.effects) == (0, [])
        asker.expect_silence = False
        assert asker.ask(asker.request(COA, audit(), REAUTHENTICATE, stamp=NOW - 300)) == (44, None)


def test_moods() -> None:
    with bench() as (nas, asker):
        asked = [asker.request(COA, audit(), REAUTHENTICATE, number=number) for number in range(6)]
        nas.behaviour = Behaviour(Mood.NAK, 506)
        assert asker.ask(asked[0]) == (45, 506)
        nas.behaviour = Behaviour(Mood.NAK)
        assert asker.ask(asked[1]) == (45, None)
        asker.expect_silence = True
        nas.behaviour = Behaviour(Mood.SILENT)
        assert asker.ask(asked[2]) is None
        assert nas.effects == []
        nas.behaviour = Behaviour(Mood.MUTE)
        assert asker.ask(asked[3]) is None
        assert len(nas.effects) == 1
        nas.behaviour = Behaviour(answer_copy=2)
        assert asker.ask(asked[4]) is None
        asker.expect_silence = False
        assert asker.ask(asked[4]) == (44, None)
        assert len(nas.effects) == 2
        nas.behaviour = Behaviour(Mood.FORGED)
        with pytest.raises(AssertionError, match="VerifyReply"):
            asker.ask(asked[5])
        nas.behaviour = Behaviour(Mood.TWICE)
        assert asker.ask(asker.request(COA, audit(), REAUTHENTICATE, number=9)) == (44, None)
        assert asker.socket.recv(4096)[0] == 44
        assert len(nas.effects) == 4


def test_dying_and_coming_back() -> None:
    with bench() as (nas, asker):
        octets = asker.request(COA, audit(), REAUTHENTICATE)
        assert asker.ask(octets) == (44, None)
        nas.die()
        asker.socket.send(octets)
        asker.socket.settimeout(10)
        with pytest.raises(ConnectionRefusedError):
            asker.socket.recv(4096)
        nas.come_back()
        assert asker.ask(octets) == (44, None)
        assert len(nas.effects) == 1
        nas.die(forget=True)
        nas.come_back()
        assert asker.ask(octets) == (45, 503)


def test_reauthentication_and_accounting_with_a_real_radiusd(server: radiusd.Radiusd) -> None:
    with RadiusClient(server.server()) as access, RadiusClient(server.accounting) as accounting:

        def authenticate(which: NasSession) -> Reply:
            return authenticate_mab(access, port(1))

        with LabNas(NasSettings(SECRET), authenticate, accounting, wall=lambda: NOW) as nas:
            one = nas.start(NasSession("mab", "with-accounting", port(1).mab()))
            asker = Asker(nas)
            with asker.socket:
                assert asker.ask(asker.request(COA, audit(), REAUTHENTICATE)) == (44, None)
                wait_for(lambda: one.authorization is not None)
                assert one.authorization is not None
                assert one.authorization.value("Tunnel-Private-Group-Id") == "663"
                assert asker.ask(asker.request(DISCONNECT, audit(), number=2)) == (41, None)
                wait_for(lambda: not nas.sessions and "Acct-Status-Type = Stop" in server.detail)
            assert nas.failures == []
    mine = [entry for entry in server.detail.split("\n\n") if 'Acct-Session-Id = "with-accounting"' in entry]
    kinds = [line.split(" = ")[1] for entry in mine for line in entry.splitlines() if "Acct-Status-Type" in line]
    assert kinds == ["Start", "Interim-Update", "Stop"]
    assert "Acct-Terminate-Cause = Admin-Reset" in mine[2]
    # the Class of the new Accept comes back from then on
    assert ["Class = 0x4c4142" in entry for entry in mine] == [False, True, True]


def test_a_reauthentication_that_ends_in_a_reject_or_in_nothing() -> None:
    reject = Reply(Code.ACCESS_REJECT, (), None, False, False, False, 20)
    answers: list[Reply | NoReply] = [NoReply("nobody there"), reject]

    def authenticate(_: NasSession) -> Reply:
        answer = answers.pop(0)
        if isinstance(answer, NoReply):
            raise answer
        return answer

    with LabNas(NasSettings(SECRET), authenticate, wall=lambda: NOW) as nas:
        one = nas.start(session())
        asker = Asker(nas)
        with asker.socket:
            assert asker.ask(asker.request(COA, audit(), REAUTHENTICATE)) == (44, None)
            wait_for(lambda: nas.failures == ["nobody there"])
            assert nas.sessions == [one]
            assert asker.ask(asker.request(COA, audit(), REAUTHENTICATE, number=2)) == (44, None)
            wait_for(lambda: nas.sessions == [])
            assert one.refused
