"""MS-CHAPv2 with the examples of RFC 2759 section 9.2, MD4 with those of RFC 1320 appendix A.5."""

from __future__ import annotations

import string

import pytest

from freeradius_mdm.lab.radius import mschapv2

AUTHENTICATOR = bytes.fromhex("5B5D7C7D7B3F2F3E3C2C602132262628")
PEER = bytes.fromhex("21402324255E262A28295F2B3A337C7E")


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
        ("message digest", "d9130a8164549fe818874806e1c7014b"),
        (string.ascii_uppercase + string.ascii_lowercase + string.digits, "043f8582f241db351ce627e153e7f0e4"),
        ("1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4(message: str, digest: str) -> None:
    assert mschapv2.md4(message.encode()).hex() == digest


@pytest.mark.parametrize("user", ["User", "DOMAIN\\User"])
def test_nt_response(user: str) -> None:
    answer = mschapv2.nt_response(AUTHENTICATOR, PEER, user, "clientPass")
    assert answer.hex().upper() == "82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF"


def test_attributes() -> None:
    (challenge_name, challenge), (response_name, response) = mschapv2.attributes("User", "clientPass")
    assert (challenge_name, response_name) == ("MS-CHAP-Challenge", "MS-CHAP2-Response")
    assert isinstance(challenge, bytes)
    assert isinstance(response, bytes)
    assert (len(challenge), len(response)) == (16, 50)
    assert response[26:] == mschapv2.nt_response(challenge, response[2:18], "User", "clientPass")
