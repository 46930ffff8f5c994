"""When an exemption is to be over, as an operator writes it. Expected moments by hand, with `date`."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from freeradius_mdm.operations.codes import OperationCode
from freeradius_mdm.operations.errors import OperationError
from freeradius_mdm.operations.exemptions import until

# TZ=Europe/Berlin date -d '2026-11-23 17:00' +%s
NOW = 1795449600.0


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8h", NOW + 28800),
        ("2d", NOW + 172800),
        (" 90m ", NOW + 5400),
        ("2026-12-01", 1796166000),  # date -d '2026-12-02 00:00' +%s: that day counts whole
        ("2026-12-01 18:00", 1796144400),
        ("2026-12-01T18:00", 1796144400),
        ("2026-11-23", 1795474800),  # today, to its end
        ("90d", NOW + 90 * 86400),
    ],
)
def test_read(text: str, expected: float) -> None:
    assert until(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("2", "'2' is no time"),
        ("tomorrow", "'tomorrow' is no time"),
        ("2026-13-01", "'2026-13-01' is no time"),
        ("2026-12-01 25:00", "'2026-12-01 25:00' is no time"),
        ("01.12.2026", "'01.12.2026' is no time"),
        ("2026-11-22", "'2026-11-22' has passed"),
        ("2026-11-23 17:00", "'2026-11-23 17:00' has passed"),
        ("0s", "'0s' has passed"),
        ("91d", "'91d' is more than 90 days away"),
        ("2999-12-31", "'2999-12-31' is more than 90 days away"),
    ],
)
def test_refused(text: str, what: str) -> None:
    with pytest.raises(OperationError) as caught:
        until(text, NOW)
    assert (caught.value.code, caught.value.what) == (OperationCode.EXEMPTION_TIME, what)
    assert caught.value.allowed == '8h, 2d, 2026-12-01 or "2026-12-01 18:00", in your zone; 90 days at most'
