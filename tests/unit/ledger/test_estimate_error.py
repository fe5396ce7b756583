"""How far estimates lay from exact costs."""

from hypothesis import given
from hypothesis import strategies as st

from services.ledger.estimate_error import EstimateError, JudgedCall, at_other_rate, estimate_error

nanos = st.integers(-(10**12), 10**12)
calls = st.lists(st.builds(JudgedCall, nanos, nanos, nanos), min_size=1, max_size=60)


def test_of_no_calls_there_is_no_error() -> None:
    assert estimate_error([]) == EstimateError()


def test_mean_and_p95_count_each_call_whichever_way_it_was_off() -> None:
    found = estimate_error([JudgedCall(100 + (-1) ** number * number, 100, 90) for number in range(1, 21)])
    assert found == EstimateError(
        call_count=20, mean_nanos=10, p95_nanos=19, flat_mean_nanos=10, flat_p95_nanos=10
    )


@given(calls)
def test_at_most_five_in_a_hundred_are_further_off_than_p95(judged: list[JudgedCall]) -> None:
    found = estimate_error(judged)
    errors = [abs(call.estimate_nanos - call.cost_nanos) for call in judged]
    assert sum(error > found.p95_nanos for error in errors) * 100 <= 5 * len(judged)
    assert sum(error >= found.p95_nanos for error in errors) * 100 > 5 * len(judged)
    assert min(errors) <= found.mean_nanos <= max(errors)


@given(st.integers(0, 10**6), st.integers(1, 10**9), st.integers(0, 10**9))
def test_another_rate_keeps_the_length(seconds: int, rate: int, other: int) -> None:
    assert abs(at_other_rate(rate * seconds, rate, other) - other * seconds) <= 1
    assert at_other_rate(rate * seconds, rate, rate) == rate * seconds


def test_a_rate_of_zero_tells_no_length() -> None:
    assert at_other_rate(5, 0, 7) == 5
