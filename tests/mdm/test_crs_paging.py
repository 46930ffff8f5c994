from collections.abc import Callable

import pytest

from freeradius_mdm.mdm.crs_answers import CrsDevice, CrsProtocolError, DeviceList
from freeradius_mdm.mdm.crs_paging import MOST_PAGES, collect


def pages(table: dict[str, DeviceList]) -> tuple[list[str], Callable[[str], DeviceList]]:
    asked: list[str] = []

    def fetch(marker: str) -> DeviceList:
        asked.append(marker)
        return table[marker]

    return asked, fetch


A, B, C = (CrsDevice((name,), True, False) for name in "abc")


def test_markers_are_sent_back_as_they_came() -> None:
    asked, fetch = pages({"0": DeviceList((A, B), "x/1+ "), "x/1+ ": DeviceList((C,))})
    assert collect(fetch) == (A, B, C)
    assert asked == ["0", "x/1+ "]


def test_a_repeated_marker_ends_it() -> None:
    _, fetch = pages({"0": DeviceList((A,), "1"), "1": DeviceList((B,), "1")})
    with pytest.raises(CrsProtocolError, match="repeats"):
        collect(fetch)


def test_a_list_broken_midway_is_thrown_away() -> None:
    _, fetch = pages({"0": DeviceList((A,), "1")})
    with pytest.raises(KeyError):
        collect(fetch)


def test_the_number_of_pages_is_capped() -> None:
    count = 0

    def fetch(marker: str) -> DeviceList:
        nonlocal count
        count += 1
        return DeviceList((), str(count))

    with pytest.raises(CrsProtocolError, match="2000"):
        collect(fetch)
    assert count == MOST_PAGES == 2000
