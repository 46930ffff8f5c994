"""What the journal carries about a download, and what is refused from it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from freeradius_mdm.download.record import Download, Outcome, download_line

MADE = Download(
    "0123456789abcdef01234567", 1700000000.5, Outcome.SERVED, "M1501", "#ACSACL#-IP-OPEN-0a1b2c3d",
    "192.0.2.10", "switch", "10.0.0.1", "", 33, 2000,
)  # fmt: skip


def test_json_and_back() -> None:
    text = replace(MADE, name='"\n\u2028 né', reason="why\\").to_json()
    assert "\n" not in text
    assert text.isascii()
    assert Download.from_values(json.loads(text)) == replace(MADE, name='"\n\u2028 né', reason="why\\")


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "0123"},
        {"id": 5},
        {"at": "now"},
        {"at": True},
        {"at": float("inf")},
        {"outcome": "lost"},
        {"outcome": None},
        {"name": None},
        {"name": "\ud800"},
        {"packets": -1},
        {"packets": 1.5},
        {"entries": True},
        {"entries": 2**31},
        {"more": "than we know"},
    ],
)
def test_what_the_store_could_not_hold(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Download.from_values({**json.loads(MADE.to_json()), **wrong})


@pytest.mark.parametrize("values", [None, [], "text", {}])
def test_no_download_at_all(values: object) -> None:
    with pytest.raises(ValueError, match="not a download"):
        Download.from_values(values)


def test_line() -> None:
    assert download_line(MADE) == (
        'mdm download id=0123456789abcdef01234567 outcome=served name="#ACSACL#-IP-OPEN-0a1b2c3d" client=192.0.2.10 '
        "client_name=switch nas_address=10.0.0.1 code=M1501 packets=33 entries=2000"
    )
    forged = replace(MADE, name='x" outcome=served\nmdm', reason="a b")
    assert 'name="x\\" outcome=served?mdm"' in download_line(forged)
    assert 'reason="a b"' in download_line(forged)
