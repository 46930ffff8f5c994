"""States octet by octet, and everything that makes one not believed."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm.download.state import Cursor, StateFault, seal, size, unseal

KEY = bytes(range(32))
NAME = "#ACSACL#-IP-OPEN-0a1b2c3d"
CLIENT = "192.0.2.10"
NOW = 1_700_000_000.0  # 0x6553f100; 120 s later it is 0x6553f178
CURSOR = Cursor(56, 1)


def by_hand(body: bytes, key: bytes = KEY) -> bytes:
    """RFC 2104, the first half of HMAC-SHA256."""
    return body + hmac.new(key, body, hashlib.sha256).digest()[:16]


BODY = bytes.fromhex("01 000000006553f178 00000038 0001 04 c000020a") + NAME.encode()


def test_octets() -> None:
    assert seal(KEY, NAME, CLIENT, CURSOR, NOW) == by_hand(BODY)
    assert size(NAME, CLIENT) == len(by_hand(BODY)) == 1 + 8 + 4 + 2 + 1 + 4 + 25 + 16
    assert unseal(KEY, by_hand(BODY), NAME, CLIENT, NOW) == CURSOR


def test_ipv6() -> None:
    state = seal(KEY, NAME, "2001:db8::10", CURSOR, NOW)
    assert state[15:32] == bytes.fromhex("10 20010db8 00000000 00000000 00000010")
    assert unseal(KEY, state, NAME, "2001:DB8:0::10", NOW) == CURSOR
    assert unseal(KEY, state, NAME, "2001:db8::11", NOW) is StateFault.OTHER_CLIENT
    assert unseal(KEY, state, NAME, CLIENT, NOW) is StateFault.OTHER_CLIENT


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (b"", StateFault.FORGED),
        (bytes(16), StateFault.FORGED),
        (by_hand(b""), StateFault.FORGED),
        (by_hand(BODY[:15]), StateFault.FORGED),
        (by_hand(BODY, bytes(32)), StateFault.FORGED),
        (by_hand(BODY)[:-1], StateFault.FORGED),
        (by_hand(BODY) + b"\0", StateFault.FORGED),
        (by_hand(b"\x02" + BODY[1:]), StateFault.FORGED),
        (by_hand(BODY[:15] + b"\x05" + BODY[16:]), StateFault.FORGED),
        (by_hand(BODY[:15] + b"\x10" + BODY[16:]), StateFault.OTHER_CLIENT),
        (by_hand(BODY + b"x"), StateFault.OTHER_NAME),
        (by_hand(BODY[:-1]), StateFault.OTHER_NAME),
    ],
)
def test_not_believed(state: bytes, fault: StateFault) -> None:
    assert unseal(KEY, state, NAME, CLIENT, NOW) is fault


def test_time() -> None:
    assert unseal(KEY, by_hand(BODY), NAME, CLIENT, NOW + 120) == CURSOR
    assert unseal(KEY, by_hand(BODY), NAME, CLIENT, NOW + 121) is StateFault.EXPIRED
    # Another server's clock may be behind.
    assert unseal(KEY, by_hand(BODY), NAME, CLIENT, NOW - 300) == CURSOR


def test_the_longest_name_fits_an_attribute() -> None:
    longest = "#ACSACL#-IPV6-" + "N" * 60 + "-0a1b2c3d"
    assert len(seal(KEY, longest, "2001:db8::10", CURSOR, NOW)) == 16 + 16 + 83 + 16
    with pytest.raises(ValueError, match="253 octets"):
        seal(KEY, "N" * 253, CLIENT, CURSOR, NOW)


@pytest.mark.parametrize("cursor", [Cursor(-1, 1), Cursor(2**32, 1), Cursor(1, 65536)])
def test_numbers_that_do_not_fit(cursor: Cursor) -> None:
    with pytest.raises(ValueError, match="can't hold"):
        seal(KEY, NAME, CLIENT, cursor, NOW)


@given(st.integers(0, len(by_hand(BODY)) - 1), st.integers(1, 255))
def test_no_octet_can_be_changed(place: int, change: int) -> None:
    state = bytearray(by_hand(BODY))
    state[place] ^= change
    assert unseal(KEY, bytes(state), NAME, CLIENT, NOW) is StateFault.FORGED


@given(st.binary(max_size=253))
def test_nothing_made_up_is_believed(state: bytes) -> None:
    assert unseal(KEY, state, NAME, CLIENT, NOW) is StateFault.FORGED
