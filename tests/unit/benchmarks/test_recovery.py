"""When those who knock say that a system is back to normal."""

import pytest

from tests.benchmarks.load.connection import Answers
from tests.benchmarks.load.outcome import Outcome
from tests.benchmarks.recovery import recovered_after_s
from tests.benchmarks.watching import Memory

_GOOD = (0.01, 200)


def _knocks(*answers: tuple[float, int]) -> Outcome:
    """One a second from moment 1, as (latency, status)."""
    latencies, statuses = zip(*answers, strict=True)
    columns = Answers(
        [float(second) for second in range(1, len(answers) + 1)], list(latencies), list(statuses)
    )
    return Outcome(start_s=0.0, end_s=100.0, elapsed_s=100.0, cpu_s=0.0, answers=columns)


def test_the_first_of_five_good_answers_counts() -> None:
    knocks = _knocks((0.01, 503), _GOOD, _GOOD, (9.0, 200), *[_GOOD] * 5)
    assert recovered_after_s(knocks, since_s=0.5) == 4.5


def test_what_was_answered_before_the_end_of_the_trouble_counts_for_nothing() -> None:
    assert recovered_after_s(_knocks(*[_GOOD] * 9), since_s=3.5) == 0.5


def test_four_good_answers_are_not_enough() -> None:
    assert recovered_after_s(_knocks(*[_GOOD] * 4, (0.01, 503), *[_GOOD] * 4), since_s=0.0) is None


def test_memory_that_stays_is_flat_however_it_began() -> None:
    memory = Memory({"edge": [50.0, 60.0, 100.0, 101.0, 102.0, 103.0, 104.0, 99.0, 100.0]})
    assert memory.at_rest("edge") == 50.0
    assert memory.highest("edge") == 104.0
    assert memory.growth("edge") == pytest.approx(104 / 101)
