from __future__ import annotations

import pytest

from freeradius_mdm.lab.microsoft.faults import FaultBoard
from freeradius_mdm.lab.microsoft.operations import Operation
from freeradius_mdm.lab.microsoft.personalities import PERSONALITIES

# The names of section 11, as they stand there.
SECTION_11 = """
    cert-unknown cert-expired clock-skew secret-bad app-missing app-disabled tenant-missing ca-block alg-refused
    role-less consent-later short-token no-expires-in 200-error-body html-403 307-offsite
    429-seconds 429-http-date 429-no-header 503-once 503-sticky bulk-window busy-wait-seconds
    crs-missing only-nac-v1 evil-uri scale-unit-move endpoints-403 duplicate-record nextlink-offsite
    unknown-empty unknown-nolist unknown-nil unknown-false unknown-404 lowercase-no-ns nil-compliance wrong-guid
    two-devices paging-loop paging-cut json-instead html-200 utf16-bom dtd-entity huge-body
    slow-250 slow-350 slow-10s trickle reset refuse half-close dns-gone tls-expired tls-wrong-name tls-unknown-ca
    tls-1.1 proxy-407
    filter-ignored or-bug mac-null grace-period state-new-value retire-pending re-enrolled-twins
    legacy-v1
"""


def strikes(board: FaultBoard, count: int, operation: Operation = Operation.DEVICE, **where: str) -> list[bool]:
    target = where.get("target", "/a/b?value=c")
    return [bool(board.for_call(operation, where.get("tenant", "t"), "h", target)) for _ in range(count)]


def test_every_personality_of_the_checklist() -> None:
    assert set(SECTION_11.split()) <= set(PERSONALITIES)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ({}, [True, True, True, True]),
        ({"nth": 3}, [False, False, True, True]),
        ({"times": 2}, [True, True, False, False]),
        ({"nth": 2, "times": 1}, [False, True, False, False]),
        ({"every": 2}, [True, False, True, False]),
        ({"host": "other"}, [False] * 4),
        ({"host": "H"}, [True] * 4),
        ({"tenant": "other"}, [False] * 4),
        ({"path": "/a/b"}, [True] * 4),
        ({"path": "/b"}, [False] * 4),
        ({"path": "*value=C*"}, [True] * 4),
    ],
)
def test_selectors(selectors: dict[str, object], expected: list[bool]) -> None:
    board = FaultBoard()
    board.add("500", **selectors)  # type: ignore[arg-type]

    assert strikes(board, 4) == expected


def test_a_call_of_another_kind_does_not_count() -> None:
    board = FaultBoard()
    board.add("wrong-guid", nth=2)

    assert strikes(board, 3, Operation.TOKEN) == [False] * 3
    assert strikes(board, 2) == [False, True]


def test_removal_by_id_name_and_all() -> None:
    board = FaultBoard()
    first = board.add("500")
    board.add("reset")
    board.add("reset")

    assert board.remove(str(first.id)) == 1
    assert board.remove("reset") == 2
    board.add("500")
    assert board.remove("") == 1
    assert board.remove("") == 0
