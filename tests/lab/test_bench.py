"""The benchmark runs and tells both sides. What it measures is not judged here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from freeradius_mdm.lab import bench
from tests.radius.conftest import _stock

FIGURES = r"median (\d+\.\d{3}) ms  \(min (\d+\.\d{3}), max (\d+\.\d{3})\), resident (\d+) MiB"


def test_it_tells_both_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if (stock := _stock()) is not None:
        (tmp_path / "stock-raddb").symlink_to(stock.resolve())

    assert bench.main(["--state", str(tmp_path / "bench"), "--handshakes", "12"]) == 0

    title, without, with_it, ratio = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"radiusd CPU per full EAP-TLS handshake, \d+ paired rounds of 12 handshakes each", title)
    for line, name in ((without, "without the module"), (with_it, "with the module")):
        found = re.fullmatch(rf"  {name} +{FIGURES}", line)
        assert found is not None, line
        median, least, most, memory = map(float, found.groups())
        assert 0 <= least <= median <= most
        assert memory > 1
    assert re.fullmatch(r"  ratio, pair by pair +median \d+\.\d{3}  \(min \d+\.\d{3}, max \d+\.\d{3}\)", ratio)


def test_a_round_too_short_to_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """The kernel counts CPU time in ticks of 10 ms: a round may seem to have cost nothing."""
    bench.report([(0.0, 3.0), (2.0, 3.0)], (50.0, 60.0), 1)
    assert "ratio, pair by pair  median 1.500  (min 1.500, max 1.500)" in capsys.readouterr().out
    bench.report([(0.0, 0.0)], (50.0, 60.0), 1)
    assert "ratio, pair by pair  median nan" in capsys.readouterr().out


def test_a_count_that_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as raised:
        bench.main(["--state", str(tmp_path), "--handshakes", "0"])
    assert raised.value.code == 2
