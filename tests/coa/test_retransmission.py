"""RFC 5080 section 2.2.1: when a request is sent again."""

from __future__ import annotations

import pytest

from freeradius_mdm.coa.retransmission import Retransmission, RetransmissionPolicy


def sendings(policy: RetransmissionPolicy, *jitter: float) -> tuple[list[float], float]:
    """When it is sent, and when it has failed, in seconds after the first time."""
    numbers = iter(jitter)
    timers = Retransmission(policy, (lambda: next(numbers)) if jitter else (lambda: 0.0))
    elapsed, times = 0.0, []
    while True:
        times.append(elapsed)
        elapsed += timers.after_sending(elapsed)
        if not timers.again(elapsed):
            return times, elapsed


def test_the_defaults() -> None:
    # IRT 2, doubling up to MRT 16, at most MRC 5 times, all over after MRD 30: 0 +2 +4 +8 +16 = 30
    assert sendings(RetransmissionPolicy()) == ([0, 2, 6, 14], 30)


def test_the_fifth_sending_with_negative_jitter() -> None:
    # RT = 2 - .2 = 1.8; 2*1.8 - .18 = 3.42; 2*3.42 - .342 = 6.498; 2*6.498 - .6498 = 12.3462; then MRD cuts
    times, end = sendings(RetransmissionPolicy(), *[-0.1] * 5)
    assert times == pytest.approx([0, 1.8, 5.22, 11.718, 24.0642])
    assert end == pytest.approx(30)


def test_jitter_of_the_longest_wait() -> None:
    # the third RT would be 2*4 = 8 and more than MRT 5: RT = MRT + RAND*MRT = 5.5
    policy = RetransmissionPolicy(first_wait=2, longest_wait=5, count=3, duration=100)
    times, end = sendings(policy, 0, 0, 0.1)
    assert (times, end) == ([0, 2, 6], pytest.approx(11.5))


def test_count_and_duration() -> None:
    assert sendings(RetransmissionPolicy(count=2)) == ([0, 2], 6)
    assert sendings(RetransmissionPolicy(count=1)) == ([0], 2)
    # MRC 0: until MRD; MRT 0: no upper limit
    assert sendings(RetransmissionPolicy(count=0, longest_wait=0, duration=100)) == ([0, 2, 6, 14, 30, 62], 100)


def test_real_jitter_is_within_a_tenth() -> None:
    waits = {Retransmission(RetransmissionPolicy()).after_sending(0) for _ in range(50)}
    assert all(1.8 <= wait <= 2.2 for wait in waits)
    assert len(waits) > 1


@pytest.mark.parametrize("wrong", [{"first_wait": 0}, {"duration": 0}, {"count": -1}, {"longest_wait": -1}])
def test_impossible_policies(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        RetransmissionPolicy(**wrong)  # type: ignore[arg-type]
