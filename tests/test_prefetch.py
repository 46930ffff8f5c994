"""Asking ahead at the first EAP packet: only about a known device whose record is due, and not without end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from freeradius_mdm.compliance import ComplianceRecord, EndpointKey
from freeradius_mdm.config.model import Config
from freeradius_mdm.errors import StoreError
from freeradius_mdm.prefetch import Prefetch
from tests.builders import KEY, NOW, WIRED_EAP_TLS, config, record, request

FIRST = request(*WIRED_EAP_TLS, ("MDM-Client-Address", "192.0.2.10"))
DUE = record(NOW - 14400)


def at_rate(tmp_path: Path, rate: int) -> Config:
    read = config(tmp_path)
    return replace(read, service=replace(read.service, prefetch_rate=rate))


def known(mac: str) -> EndpointKey | None:
    return KEY if mac == "005056A1B2C3" else None


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(DUE, KEY), (None, KEY), (record(NOW - 14400 + 1441), None), (record(NOW - 14400 + 1440), KEY)],
    ids=["due", "never answered", "current", "within the margin"],
)
def test_only_what_is_due(found: ComplianceRecord | None, wanted: EndpointKey | None, tmp_path: Path) -> None:
    assert Prefetch().wanted(FIRST, at_rate(tmp_path, 20), known, lambda _: found, NOW) == wanted


def test_nobody_is_asked_about_a_stranger(tmp_path: Path) -> None:
    stranger = request(("Calling-Station-Id", "00-50-56-00-00-01"), ("EAP-Message", "0x02"))
    assert Prefetch().wanted(stranger, at_rate(tmp_path, 20), known, lambda _: DUE, NOW) is None
    nameless = request(("EAP-Message", "0x02"))
    assert Prefetch().wanted(nameless, at_rate(tmp_path, 20), known, lambda _: DUE, NOW) is None


def test_a_server_that_is_gone_or_off_is_not_asked(tmp_path: Path) -> None:
    read = at_rate(tmp_path, 20)
    off = replace(read, servers=(replace(read.servers[0], enabled=False),))
    assert Prefetch().wanted(FIRST, off, known, lambda _: DUE, NOW) is None
    gone = EndpointKey("Old", KEY.kind, KEY.value)
    assert Prefetch().wanted(FIRST, read, lambda _: gone, lambda _: DUE, NOW) is None


def test_a_store_that_can_not_be_read_is_left_to_the_decision(tmp_path: Path) -> None:
    def unreadable(_: str) -> EndpointKey | None:
        raise StoreError("busy")

    assert Prefetch().wanted(FIRST, at_rate(tmp_path, 20), unreadable, lambda _: DUE, NOW) is None


def test_each_network_device_has_its_cap(tmp_path: Path) -> None:
    """Two seconds' worth at once, then the rate; another device is not touched by that."""
    read, prefetch = at_rate(tmp_path, 5), Prefetch()
    other = request(*WIRED_EAP_TLS, ("MDM-Client-Address", "192.0.2.11"))

    def asked(count: int, now: float, first: object = FIRST) -> int:
        answers = [prefetch.wanted(first, read, known, lambda _: DUE, now) for _ in range(count)]  # type: ignore[arg-type]
        return sum(answer is not None for answer in answers)

    assert asked(100, NOW) == 10
    assert asked(100, NOW, other) == 10
    assert asked(100, NOW + 1) == 5
    assert asked(100, NOW - 3600) == 0  # a clock that was set back gives nothing away
    assert asked(100, NOW + 3600) == 10


def test_zero_turns_it_off(tmp_path: Path) -> None:
    assert Prefetch().wanted(FIRST, at_rate(tmp_path, 0), known, lambda _: DUE, NOW) is None


def test_what_was_asked_ahead_is_remembered_for_one_conversation(tmp_path: Path) -> None:
    read, prefetch = at_rate(tmp_path, 20), Prefetch()
    assert prefetch.asked_at(KEY, NOW) is None
    prefetch.wanted(FIRST, read, known, lambda _: DUE, NOW)
    assert prefetch.asked_at(KEY, NOW + 29.9) == NOW
    assert prefetch.asked_at(KEY, NOW + 30) is None
    assert prefetch.asked_at(KEY, NOW - 1) is None
