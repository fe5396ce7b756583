"""The balance over time: what is left out of many snapshots, and how fast it is used up."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.balances import Snapshot, burn_rate, thinned
from tests.unit.ledger.builders import DAY, HOUR, at, nanos

DOLLAR = nanos("1")


def snapshot(seconds: float, dollars: str, currency: str = "USD", credit: str = "0") -> Snapshot:
    return Snapshot(
        read_at=at(seconds),
        currency=currency,
        balance_nanos=nanos(dollars),
        pending_nanos=0,
        credit_limit_nanos=nanos(credit),
        available_credit_nanos=nanos(dollars) + nanos(credit),
    )


def hourly(*dollars: str) -> list[Snapshot]:
    return [snapshot(number * HOUR, each) for number, each in enumerate(dollars)]


courses = st.lists(st.integers(-50, 50), min_size=1, max_size=80).map(
    lambda balances: hourly(*map(str, balances))
)


@given(courses, st.integers(2, 20))
def test_thinning_keeps_first_and_last_and_no_more_than_asked_for(
    course: list[Snapshot], max_points: int
) -> None:
    told = thinned(course, max_points)
    assert len(told) == min(max_points, len(course))
    assert (told[0], told[-1]) == (course[0], course[-1])
    assert [each for each in course if each in told] == told
    assert thinned(course, len(course) + 2) == course


def test_where_the_balance_turned_is_told_before_what_lies_between() -> None:
    course = hourly("9", "8", "7", "6", "20", "19", "18", "18", "17", "16")
    assert [each.balance_nanos // DOLLAR for each in thinned(course, 4)] == [9, 6, 20, 16]


def test_of_a_level_stretch_its_end_is_the_turn() -> None:
    told = thinned(hourly("9", "5", "5", "5", "9", "8", "7"), 4)
    assert [each.read_at for each in told] == [at(0), at(3 * HOUR), at(4 * HOUR), at(6 * HOUR)]


def test_the_rest_is_spread_evenly() -> None:
    told = thinned(hourly(*(str(100 - number) for number in range(101))), 5)
    gaps = [(after.read_at - before.read_at) for before, after in pairwise(told)]
    assert max(gaps) < 2.2 * min(gaps)


def test_a_turn_of_a_nano_is_a_turn() -> None:
    told = thinned([snapshot(number, f"{left}E-9") for number, left in enumerate((5, 4, 3, 4, 3, 2, 1))], 4)
    assert [each.read_at for each in told] == [at(0), at(2), at(3), at(6)]


def test_where_one_too_many_is_left_the_others_stay() -> None:
    course = hourly("6", "5", "4", "3", "2", "1")
    assert [each.balance_nanos // DOLLAR for each in thinned(course, 5)] == [6, 5, 3, 2, 1]


def test_burn_rate_leaves_top_ups_out() -> None:
    course = [snapshot(0, "10"), snapshot(DAY, "8"), snapshot(1.5 * DAY, "58"), snapshot(2 * DAY, "54")]
    rate = burn_rate(course)
    assert rate is not None
    assert (rate.nanos_per_day, rate.observed) == (3 * DOLLAR, timedelta(days=2))
    assert rate.time_left == timedelta(days=18)


def test_burn_rate_is_exact_and_in_the_currency_of_the_last_snapshot() -> None:
    """No binary number of 64 bits can hold it."""
    course = [snapshot(-DAY, "5", "EUR"), snapshot(0, "9007199.254740993"), snapshot(DAY, "0")]
    rate = burn_rate(course)
    assert rate is not None
    assert (rate.nanos_per_day, rate.currency) == (9_007_199_254_740_993, "USD")


def test_what_is_left_is_rounded_down_to_the_microsecond() -> None:
    rate = burn_rate([snapshot(0, "8E-9"), snapshot(DAY, "1E-9")])
    assert rate is not None
    assert rate.time_left == timedelta(days=1) // 7


def test_what_is_left_counts_the_credit_limit() -> None:
    rate = burn_rate([snapshot(0, "3"), snapshot(DAY, "1", credit="5")])
    assert rate is not None
    assert rate.time_left == timedelta(days=3)


def test_an_overdrawn_account_lasts_no_time_at_all() -> None:
    rate = burn_rate([snapshot(0, "3"), snapshot(DAY, "-1")])
    assert rate is not None
    assert rate.time_left == timedelta()


@pytest.mark.parametrize(
    "course",
    [
        [],
        [snapshot(0, "5")],
        [snapshot(0, "5"), snapshot(DAY - 1, "4")],
        [snapshot(0, "5", "EUR"), snapshot(2 * DAY, "4")],
    ],
    ids=["nothing", "one snapshot", "less than a day", "another currency before"],
)
def test_less_than_a_day_tells_nothing(course: list[Snapshot]) -> None:
    assert burn_rate(course) is None


@pytest.mark.parametrize(
    "course", [hourly(*["7"] * 30), [snapshot(0, "5"), snapshot(DAY, "9")]], ids=["level", "only topped up"]
)
def test_a_balance_that_does_not_shrink_has_no_end(course: list[Snapshot]) -> None:
    rate = burn_rate(course)
    assert rate is not None
    assert (rate.nanos_per_day, rate.time_left) == (0, None)


def test_a_balance_that_lasts_for_lifetimes_has_no_end_either() -> None:
    rate = burn_rate([snapshot(0, "9000000.000000001"), snapshot(DAY, "9000000")])
    assert rate is not None
    assert (rate.nanos_per_day, rate.time_left) == (1, None)


@pytest.mark.parametrize(("days", "time_left"), [(36_500, timedelta(days=36_500)), (36_501, None)])
def test_a_hundred_years_are_the_longest_that_is_told(days: int, time_left: timedelta | None) -> None:
    rate = burn_rate([snapshot(0, f"{days + 1}E-9"), snapshot(DAY, f"{days}E-9")])
    assert rate is not None
    assert (rate.nanos_per_day, rate.time_left) == (1, time_left)


@given(courses)
def test_burn_is_what_was_used_and_never_below_zero(course: list[Snapshot]) -> None:
    rate = burn_rate(course)
    if rate is None:
        assert len(course) <= 24
        return
    used = sum(max(0, before.balance_nanos - after.balance_nanos) for before, after in pairwise(course))
    days = (len(course) - 1) / 24
    assert rate.nanos_per_day >= 0
    assert rate.nanos_per_day == pytest.approx(used / days, abs=1)
