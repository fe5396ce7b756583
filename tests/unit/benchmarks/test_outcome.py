"""What is read from the answers that the load generator noted."""

import pytest

from tests.benchmarks.load.connection import LOST, Answers
from tests.benchmarks.load.outcome import Outcome, quantile


def _outcome(*answers: tuple[float, float, int]) -> Outcome:
    """Two seconds of sending from moment 100; answers are (end, latency, status)."""
    ends, latencies, statuses = zip(*answers, strict=True)
    columns = Answers(list(ends), list(latencies), list(statuses))
    return Outcome(start_s=100.0, end_s=102.0, elapsed_s=2.5, cpu_s=0.5, answers=columns)


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert quantile([7.0], 0.99) == 7.0
    assert quantile([1.0, 2.0, 3.0], 0) == 1.0


def test_no_values_have_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_the_pace_counts_what_was_acknowledged_while_everybody_was_sending() -> None:
    outcome = _outcome((100.5, 0.1, 200), (101.0, 0.1, 503), (101.9, 0.1, 200), (102.1, 0.1, 200))
    assert outcome.acknowledged_per_s == 1.0
    assert outcome.acknowledged_count == 3
    assert outcome.other_answers == {503: 1}
    assert outcome.cpu_share == 0.2


def test_latencies_are_those_of_one_status() -> None:
    outcome = _outcome((100.5, 0.010, 200), (100.6, 0.030, 200), (100.7, 9.0, 503), (100.8, 30.0, LOST))
    assert outcome.latency_ms(0.5) == pytest.approx(10)
    assert outcome.latency_ms(1) == pytest.approx(30)
    assert outcome.latency_ms(1, status=503) == pytest.approx(9000)


def test_answers_are_counted_by_the_second_in_which_they_came() -> None:
    outcome = _outcome((100.1, 0.1, 200), (100.9, 0.1, 200), (102.3, 0.1, 200), (101.0, 0.1, 503))
    assert outcome.per_second() == [2, 0, 1]
    assert outcome.per_second(503) == [0, 1]
    assert outcome.per_second(LOST) == []
