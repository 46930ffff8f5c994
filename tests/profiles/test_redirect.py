"""The redirect address. intune.md section 4 has mdminfo's, ise.md section 5.1 the limit of 234 bytes."""

from __future__ import annotations

import pytest

from freeradius_mdm.profiles.redirect import address
from tests.builders import request

PORTAL = "https://portal.manage.microsoft.com/networkaccesscontrol/index"
SESSION = ("Cisco-AVPair", "audit-session-id=0A00000100000F5B2A7F3C55")


@pytest.mark.parametrize(
    ("url", "enrolment", "expected"),
    [
        ("enrolment", PORTAL, f"{PORTAL}?sessionId=0A00000100000F5B2A7F3C55"),
        ("enrolment", f"{PORTAL}?a=b", f"{PORTAL}?a=b&sessionId=0A00000100000F5B2A7F3C55"),
        (
            "https://x.example/go?s={session}&m={mac}",
            "",
            "https://x.example/go?s=0A00000100000F5B2A7F3C55&m=00-50-56-A1-B2-C3",
        ),
        ("https://x.example/go", "", "https://x.example/go"),
    ],
)
def test_filled_in(url: str, enrolment: str, expected: str) -> None:
    assert address(url, request(SESSION), "005056A1B2C3", enrolment) == expected


def test_other_devices_name_their_session_by_acct_session_id() -> None:
    asked = request(("Acct-Session-Id", "AA&b=c/{mac}"))
    assert address("https://x.example/?s={session}", asked, "", "") == "https://x.example/?s=AA%26b%3Dc%2F%7Bmac%7D"


@pytest.mark.parametrize("enrolment", ["", "http://portal.example/"])
def test_an_unknown_or_unsafe_enrolment_address_is_told(enrolment: str) -> None:
    with pytest.raises(ValueError, match="not known yet"):
        address("enrolment", request(SESSION), "", enrolment)


def test_longest() -> None:
    url = "https://x.example/" + "y" * (234 - len("https://x.example/"))
    assert address(url, request(), "", "") == url
    with pytest.raises(ValueError, match="has 235 bytes, 234 fit"):
        address(url + "y", request(), "", "")
