"""MAC addresses in every notation of ise.md section 3."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeradius_mdm import mac


@pytest.mark.parametrize(
    "text",
    [
        # Pairs with -, :, . or a blank between them.
        "00-50-56-A1-B2-C3",
        "00:50:56:A1:B2:C3",
        "00.50.56.A1.B2.C3",
        "00 50 56 A1 B2 C3",
        # Cisco's groups of four.
        "0050.56A1.B2C3",
        "0050-56A1-B2C3",
        "0050:56A1:B2C3",
        # Halves, as HPE writes them, and bare.
        "005056-A1B2C3",
        "005056:A1B2C3",
        "005056A1B2C3",
        # Any case, blanks around it.
        "00-50-56-a1-b2-c3",
        "0050.56a1.B2c3",
        " 00:50:56:a1:b2:c3\t",
    ],
)
def test_notations(text: str) -> None:
    assert mac.parse(text) == "005056A1B2C3"


@pytest.mark.parametrize(
    "text",
    [
        # Too short, too long, no hexadecimal digit, digits that only look like ASCII.
        "",
        "00-50-56-A1-B2",
        "00-50-56-A1-B2-C3-D4",
        "0050.56A1.B2C",
        "00-50-56-A1-B2-G3",
        "\uff10\uff10-50-56-A1-B2-C3",
        # Mixed separators, or something behind it, as in Called-Station-Id.
        "00-50:56-A1:B2-C3",
        "0050.56A1-B2C3",
        "00-50-56-A1-B2-C3:CORP",
        # What a VPN headend has there, and a user.
        "198.51.100.37",
        "employee",
        # A group address (bit 0x01 of the first octet), broadcast, all zeros: no station's.
        "01-00-5E-00-00-01",
        "33-33-00-00-00-01",
        "FF-FF-FF-FF-FF-FF",
        "00-00-00-00-00-00",
    ],
)
def test_no_stations_address(text: str) -> None:
    assert mac.parse(text) is None


@pytest.mark.parametrize(
    ("digits", "randomised"),
    [
        # Bit 0x02 of the first octet: the second digit is 2, 6, A or E.
        ("025056A1B2C3", True),
        ("D65056A1B2C3", True),
        ("3A5056A1B2C3", True),
        ("FE5056A1B2C3", True),
        ("005056A1B2C3", False),
        ("F45056A1B2C3", False),
        ("285056A1B2C3", False),
        ("AC5056A1B2C3", False),
    ],
)
def test_randomised(digits: str, randomised: bool) -> None:
    assert mac.is_randomised(digits) is randomised


@given(st.text(max_size=40))
def test_any_text_gives_twelve_digits_or_nothing(text: str) -> None:
    digits = mac.parse(text)
    assert digits is None or (len(digits) == 12 and set(digits) <= set("0123456789ABCDEF"))
