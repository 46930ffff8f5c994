"""JSON Web Tokens, as much as Entra needs: split, decode, check or make an RSA signature (RFC 7515, 7518).

Made by hand because a simulator has to take forms that a library rightly refuses: padding, either base64 alphabet.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWS in compact form, taken apart; nothing is verified yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """base64 in either alphabet, padded or not. Raises ValueError."""
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None


def parse(token: str) -> Jwt:
    """Take a token apart. Raises ValueError for anything that is no JWT of three parts with JSON objects."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not three parts")
    header, claims = (json.loads(decode(part)) for part in parts[:2])
    if not (isinstance(header, dict) and isinstance(claims, dict)):
        raise ValueError("header or payload is no object")
    return Jwt(header, claims, f"{parts[0]}.{parts[1]}".encode(), decode(parts[2]))


def verify(token: Jwt, key: rsa.RSAPublicKey) -> bool:
    """True if the signature fits `key` under the algorithm of the header, RS256 or PS256; False for any other."""
    try:
        match token.header.get("alg"):
            case "RS256":
                key.verify(token.signature, token.signed, padding.PKCS1v15(), hashes.SHA256())
            case "PS256":
                pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
                key.verify(token.signature, token.signed, pss, hashes.SHA256())
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def sign(header: dict[str, Any], claims: dict[str, Any], key: rsa.RSAPrivateKey) -> str:
    """A token signed RS256."""
    head, body = (encode(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    signed = f"{head}.{body}"
    return f"{signed}.{encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
