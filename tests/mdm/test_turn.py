import threading
import time

import pytest

from freeradius_mdm.errors import SourceError
from freeradius_mdm.mdm.codes import MdmCode
from freeradius_mdm.mdm.dialing import set_deadline
from freeradius_mdm.mdm.failures import failure
from freeradius_mdm.mdm.turn import Hold, Turn

from .bench import DEADLINE, FakeClock


def test_a_turn_is_one_threads() -> None:
    turn = Turn("something")
    refused: list[SourceError] = []

    def other() -> None:
        set_deadline(time.monotonic() + 0.01)
        try:
            with turn:
                raise AssertionError("two threads at a time")
        except SourceError as error:
            refused.append(error)

    with turn:
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert refused[0].code == "M1202"
    assert "something" in refused[0].detail
    with turn:
        pass


def test_a_turn_ends_with_an_exception() -> None:
    turn = Turn("x")
    with pytest.raises(KeyError), turn:
        raise KeyError
    with turn:
        pass


def test_a_failure_is_held_for_its_time() -> None:
    clock = FakeClock()
    hold = Hold(clock)
    assert hold.current() is None
    error = failure(MdmCode.THROTTLED, "x", retry_after=10.0)
    hold.keep(error, 10.0)
    clock.now += 4
    held = hold.current()
    assert held is not None
    assert held is not error
    assert held.code == "M1232"
    assert held.retry_after == pytest.approx(6.0)
    clock.now += 6
    assert hold.current() is None


def test_a_failure_without_retry_after_stays_so() -> None:
    hold = Hold(FakeClock())
    hold.keep(failure(MdmCode.CREDENTIAL, "x", server_down=False), 5.0)
    held = hold.current()
    assert held is not None
    assert (held.retry_after, held.server_down) == (None, False)


def test_other_circumstances_end_it() -> None:
    hold = Hold(FakeClock())
    hold.keep(failure(MdmCode.CREDENTIAL, "x"), 5.0, ("file 1",))
    assert hold.current(("file 1",)) is not None
    assert hold.current(("file 2",)) is None


def test_clearing_ends_it() -> None:
    hold = Hold(FakeClock())
    hold.keep(failure(MdmCode.CREDENTIAL, "x"), 5.0)
    hold.clear()
    assert hold.current() is None


def test_a_clock_set_back_a_day_does_not_hold_for_a_day() -> None:
    clock = FakeClock()
    hold = Hold(clock)
    hold.keep(failure(MdmCode.CREDENTIAL, "x"), 5.0)
    clock.now -= 86400
    assert hold.current() is None
