from __future__ import annotations

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from freeradius_mdm.lab.microsoft import jose


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


# RFC 4648: the octets fb ff fe in both alphabets, with and without padding.
@pytest.mark.parametrize("text", ["-__-", "+//+"])
def test_both_alphabets(text: str) -> None:
    assert jose.decode(text) == b"\xfb\xff\xfe"


@pytest.mark.parametrize("text", ["_w", "_w==", "/w=="])
def test_padding_or_not(text: str) -> None:
    assert jose.decode(text) == b"\xff"


@pytest.mark.parametrize("text", ["a", "ab c", "a!b="])
def test_not_base64(text: str) -> None:
    with pytest.raises(ValueError, match="not base64"):
        jose.decode(text)


def test_an_independent_library_agrees(key: rsa.RSAPrivateKey) -> None:
    token = jose.sign({"alg": "RS256"}, {"sub": "x"}, key)
    assert pyjwt.decode(token, key.public_key(), ["RS256"]) == {"sub": "x"}

    for algorithm in ("RS256", "PS256"):
        theirs = jose.parse(pyjwt.encode({"sub": "x"}, key, algorithm))
        assert jose.verify(theirs, key.public_key())


def test_other_keys_and_algorithms_fail(key: rsa.RSAPrivateKey) -> None:
    token = jose.parse(pyjwt.encode({"sub": "x"}, key, "RS512"))
    assert not jose.verify(token, key.public_key())
    other = rsa.generate_private_key(65537, 2048)
    assert not jose.verify(jose.parse(pyjwt.encode({"sub": "x"}, other, "RS256")), key.public_key())
