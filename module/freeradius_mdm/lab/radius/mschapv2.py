"""MS-CHAPv2 as RADIUS carries it (RFC 2759 section 8, RFC 2548 section 2.3): one challenge and its answer.

MD4 and DES are broken and gone from common libraries; they are here because VPN headends still speak them.
"""

from __future__ import annotations

import hashlib
import secrets
import struct

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from freeradius_mdm.lab.radius.attributes import Attributes

_MASK = 0xFFFFFFFF
_MD4_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
# RFC 1320 section 3.4: for each round its constant, the order of words, the shifts.
_MD4_ROUNDS = (
    (0x00000000, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), (3, 7, 11, 19)),
    (0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
    (0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)),
)


def attributes(user: str, password: str) -> Attributes:
    """MS-CHAP-Challenge and MS-CHAP2-Response for a fresh pair of challenges."""
    authenticator, peer = secrets.token_bytes(16), secrets.token_bytes(16)
    answer = nt_response(authenticator, peer, user, password)
    # Ident, flags, peer challenge, 8 reserved octets, response.
    return (
        ("MS-CHAP-Challenge", authenticator),
        ("MS-CHAP2-Response", b"\x00\x00" + peer + bytes(8) + answer),
    )


def nt_response(authenticator: bytes, peer: bytes, user: str, password: str) -> bytes:
    """GenerateNTResponse of RFC 2759 section 8.1: 24 octets. A domain before the name is not hashed."""
    name = user.rpartition("\\")[2].encode()
    challenge = hashlib.sha1(peer + authenticator + name).digest()[:8]  # noqa: S324 RFC 2759 asks for it
    key = md4(password.encode("utf-16-le")).ljust(21, b"\x00")
    return b"".join(_des(key[at : at + 7], challenge) for at in (0, 7, 14))


def md4(message: bytes) -> bytes:
    """The digest of RFC 1320, which OpenSSL 3 no longer offers by default."""
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + struct.pack("<Q", 8 * len(message))
    state = _MD4_START
    for at in range(0, len(padded), 64):
        state = _md4_block(state, struct.unpack_from("<16I", padded, at))
    return struct.pack("<4I", *state)


def _md4_block(start: tuple[int, int, int, int], words: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = start
    for number, (constant, order, shifts) in enumerate(_MD4_ROUNDS):
        for step, word in enumerate(order):
            if number == 0:
                mixed = (b & c) | (~b & d)
            elif number == 1:
                mixed = (b & c) | (b & d) | (c & d)
            else:
                mixed = b ^ c ^ d
            total = (a + mixed + words[word] + constant) & _MASK
            shift = shifts[step % 4]
            a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & _MASK, b, c
    return (
        (start[0] + a) & _MASK,
        (start[1] + b) & _MASK,
        (start[2] + c) & _MASK,
        (start[3] + d) & _MASK,
    )


def _des(key: bytes, block: bytes) -> bytes:
    """DES with a key of 56 bits, spread over 8 octets; Triple DES with one key is plain DES."""
    bits = int.from_bytes(key, "big")
    spread = bytes(((bits >> shift) & 0x7F) << 1 for shift in range(49, -1, -7))
    # One block, so the mode does not chain anything.
    encryptor = Cipher(TripleDES(spread * 3), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(block)
