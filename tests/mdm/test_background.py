import logging
import threading

import pytest

from freeradius_mdm.mdm.background import Background
from freeradius_mdm.mdm.codes import MdmCode
from freeradius_mdm.mdm.failures import failure

from .bench import DEADLINE, wait_until


def test_one_run_of_a_kind_at_a_time() -> None:
    background = Background()
    go, runs = threading.Event(), []

    def work() -> None:
        runs.append(1)
        go.wait(DEADLINE)

    background.start("a", work)
    wait_until(lambda: bool(runs))
    background.start("a", work)
    background.start("b", lambda: runs.append(2))
    wait_until(lambda: 2 in runs)
    go.set()
    assert runs == [1, 2]


def test_a_kind_can_run_again() -> None:
    background = Background()
    runs: list[int] = []

    def ran_twice() -> bool:
        background.start("a", lambda: runs.append(1))
        return len(runs) >= 2

    wait_until(ran_twice)


def test_failures_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def known() -> None:
        raise failure(MdmCode.DNS, "x")

    def unknown() -> None:
        raise KeyError("y")

    background = Background()
    with caplog.at_level(logging.WARNING):
        background.start("known", known)
        background.start("unknown", unknown)
        wait_until(lambda: len(caplog.records) == 2)
    by_level = {record.levelname: record for record in caplog.records}
    assert "M1204" in by_level["WARNING"].getMessage()
    assert by_level["ERROR"].exc_info is not None


def test_nothing_starts_after_the_end() -> None:
    background = Background()
    background.close()
    background.start("a", lambda: pytest.fail("started"))
