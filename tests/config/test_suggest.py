"""The name that a misspelt one was meant to be."""

from __future__ import annotations

import pytest

from freeradius_mdm.config.suggest import meant

NAMES = ("certificate-uri", "certificate-cn", "mac", "vpn-device-id", "Intune")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        # One letter wrong, one missing, another case.
        ("certificate-url", "did you mean certificate-uri?"),
        ("vpn-deviceid", "did you mean vpn-device-id?"),
        ("intune", "did you mean Intune?"),
        ("MAC", "did you mean mac?"),
        # The beginning of several.
        ("certificate", "did you mean certificate-uri or certificate-cn?"),
        # Nothing near, and a beginning too short to tell.
        ("serial", ""),
        ("c", ""),
        ("", ""),
        # What isn't text at all.
        (5, ""),
        (["mac"], ""),
    ],
)
def test_meant(word: object, said: str) -> None:
    assert meant(word, NAMES) == said
