"""The supplicant's state machine without any network: what it answers, and what it refuses."""

from __future__ import annotations

import pytest

from freeradius_mdm.lab.radius import TlsProfile
from freeradius_mdm.lab.radius.eap import EapCode, EapPacket, EapType
from freeradius_mdm.lab.radius.eap_tls import EapTlsPeer
from freeradius_mdm.lab.radius.errors import EapError, RequestError
from tests.lab.radius.pki import Authority

START = EapPacket(EapCode.REQUEST, 2, EapType.TLS, b"\x20")
ACKNOWLEDGEMENT = EapPacket(EapCode.REQUEST, 3, EapType.TLS, b"\x00")
LENGTH_AND_MORE, MORE = 0xC0, 0x40


@pytest.fixture(scope="module")
def profile(authority: Authority) -> TlsProfile:
    return TlsProfile(authority.issue("peer"))


def peer(profile: TlsProfile, fragment_size: int = 1300) -> EapTlsPeer:
    return EapTlsPeer("nemo", profile.handshake(), fragment_size)


def test_identity(profile: TlsProfile) -> None:
    assert peer(profile).begin().encode() == bytes.fromhex("02 00 0009 01 6e656d6f")
    asked = EapPacket(EapCode.REQUEST, 5, EapType.IDENTITY)
    assert peer(profile).respond(asked).encode() == bytes.fromhex("02 05 0009 01 6e656d6f")


def test_notification_is_acknowledged(profile: TlsProfile) -> None:
    asked = EapPacket(EapCode.REQUEST, 5, EapType.NOTIFICATION, b"hello")
    assert peer(profile).respond(asked).encode() == bytes.fromhex("02 05 0005 02")


@pytest.mark.parametrize("method", [EapType.MD5_CHALLENGE, 21, 25, 254])
def test_another_method_gets_a_nak(profile: TlsProfile, method: int) -> None:
    asked = EapPacket(EapCode.REQUEST, 1, method, b"\x10" + bytes(16))
    assert peer(profile).respond(asked).encode() == bytes.fromhex("02 01 0006 03 0d")


def test_start_gets_a_client_hello(profile: TlsProfile) -> None:
    answer = peer(profile).respond(START)
    assert (answer.code, answer.identifier, answer.type) == (EapCode.RESPONSE, 2, EapType.TLS)
    # no flags, TLS record of type handshake, ClientHello
    assert (answer.data[0], answer.data[1], answer.data[6]) == (0, 0x16, 1)


def test_client_hello_goes_out_in_fragments(profile: TlsProfile) -> None:
    talking = peer(profile, fragment_size=100)
    first = talking.respond(START).data
    assert first[0] == LENGTH_AND_MORE
    assert len(first) == 1 + 4 + 100
    total, collected = int.from_bytes(first[1:5], "big"), first[5:]
    while len(collected) < total:
        part = talking.respond(ACKNOWLEDGEMENT).data
        assert part[0] == (MORE if len(collected) + 100 < total else 0)
        assert len(part) <= 1 + 100
        collected += part[1:]
    assert len(collected) == total == 5 + int.from_bytes(collected[3:5], "big")


def test_fragments_of_the_server_are_acknowledged(profile: TlsProfile) -> None:
    talking = peer(profile)
    talking.respond(START)
    part = EapPacket(EapCode.REQUEST, 9, EapType.TLS, bytes.fromhex("c0 00000040 16"))
    assert talking.respond(part).encode() == bytes.fromhex("02 09 0006 0d 00")


@pytest.mark.parametrize(
    ("requests", "why"),
    [
        ([ACKNOWLEDGEMENT], "without its Start"),
        ([START, START], "second EAP-TLS Start"),
        ([START, EapPacket(EapCode.REQUEST, 3, 25, b"\x20")], "changed to EAP type 25"),
        ([EapPacket(EapCode.SUCCESS, 3)], "where EAP-Request belongs"),
        ([EapPacket(EapCode.RESPONSE, 3, EapType.TLS, b"\x00")], "where EAP-Request belongs"),
    ],
)
def test_refused(profile: TlsProfile, requests: list[EapPacket], why: str) -> None:
    talking = peer(profile)
    *good, last = requests
    for request in good:
        talking.respond(request)
    with pytest.raises(EapError, match=why):
        talking.respond(last)


def test_data_before_our_fragments_are_acknowledged(profile: TlsProfile) -> None:
    talking = peer(profile, fragment_size=100)
    talking.respond(START)
    with pytest.raises(EapError, match="not yet acknowledged"):
        talking.respond(EapPacket(EapCode.REQUEST, 3, EapType.TLS, b"\x00\x16"))


def test_success_before_tls_is_refused(profile: TlsProfile) -> None:
    talking = peer(profile)
    talking.respond(START)
    with pytest.raises(EapError, match="did not come to its end"):
        talking.check_success()


@pytest.mark.parametrize("size", [0, 15, 3001])
def test_fragment_size_out_of_range(profile: TlsProfile, size: int) -> None:
    with pytest.raises(RequestError, match=str(size)):
        peer(profile, size)
