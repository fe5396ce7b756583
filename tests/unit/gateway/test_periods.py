"""Ranges, periods and their columns; the words of an address."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.links import Query
from gateway.pages.overview.buckets import buckets_of, into_buckets, start_of, unit_of
from gateway.pages.periods import (
    Period,
    covered_period,
    end_parameter,
    midnight,
    period_before,
    presets,
    start_parameter,
)

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_presets_around_the_turn_of_a_month() -> None:
    ranges = {preset.name: (preset.parameters["from"], preset.parameters["to"]) for preset in presets(NOW)}
    assert ranges == {
        "today": ("2026-03-01", "2026-03-01"),
        "yesterday": ("2026-02-28", "2026-02-28"),
        "7-days": ("", ""),
        "30-days": ("", ""),
        "this-month": ("2026-03-01", "2026-03-01"),
        "last-month": ("2026-02-01", "2026-02-28"),
    }


def test_what_is_still_to_come_is_not_compared() -> None:
    start, end = midnight(date(2026, 2, 27)), midnight(date(2026, 4, 1))
    assert covered_period(start, end, NOW) == covered_period(start, None, NOW) == Period(start, NOW)
    assert covered_period(start, midnight(date(2026, 2, 28)), NOW) == Period(
        start, midnight(date(2026, 2, 28))
    )
    assert covered_period(None, end, NOW) is None
    assert covered_period(NOW + timedelta(days=1), None, NOW) is None


moments = st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=4000)))
def test_the_period_before_ends_where_this_one_begins_and_is_as_long(
    start: datetime, length: timedelta
) -> None:
    period = Period(start, start + length)
    before = period_before(period)
    assert before is not None
    assert (before.to_at, before.to_at - before.from_at) == (start, length)


def test_before_the_calendar_there_is_nothing() -> None:
    first = datetime.min.replace(tzinfo=UTC)
    assert period_before(Period(first, first + timedelta(days=1))) is None


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=9000)))
def test_columns_follow_on_one_another_and_cover_the_period(start: datetime, length: timedelta) -> None:
    period = Period(start, start + length)
    buckets = buckets_of(period, period.to_at)
    assert (buckets[0].period.from_at, buckets[-1].period.to_at) == (period.from_at, period.to_at)
    for one, following in pairwise(buckets):
        assert one.period.to_at == following.period.from_at == midnight(following.start)
    assert len(buckets) <= 64 or unit_of(period) == "year"


@pytest.mark.parametrize(
    ("days", "unit", "first", "label", "name"),
    [
        (1, "day", "2026-01-14", "14 Jan", "2026-01-14"),
        (62, "day", "2026-01-14", "14 Jan", "2026-01-14"),
        (63, "week", "2026-01-12", "12 Jan", "week from 2026-01-12"),
        (434, "week", "2026-01-12", "12 Jan", "week from 2026-01-12"),
        (435, "month", "2026-01-01", "Jan 2026", "Jan 2026"),
        (1922, "month", "2026-01-01", "Jan 2026", "Jan 2026"),
        (1923, "year", "2026-01-01", "2026", "2026"),
    ],
)
def test_longer_periods_have_coarser_columns(days: int, unit: str, first: str, label: str, name: str) -> None:
    start = midnight(date(2026, 1, 14))
    period = Period(start, start + timedelta(days=days))
    assert unit_of(period) == unit
    bucket = buckets_of(period, None)[0]
    assert (bucket.start.isoformat(), bucket.label, bucket.name) == (first, label, name)


def test_the_last_column_is_whole_where_the_range_is_open() -> None:
    period = Period(midnight(date(2026, 2, 28)), NOW)
    assert buckets_of(period, None)[-1].period.to_at == midnight(date(2026, 3, 2))
    assert buckets_of(period, NOW)[-1].period.to_at == NOW


def test_the_calendar_ends_in_9999() -> None:
    period = Period(midnight(date(9999, 12, 30)), datetime(9999, 12, 31, 12, tzinfo=UTC))
    assert [bucket.start.day for bucket in buckets_of(period, None)] == [30, 31]


def test_days_are_summed_into_their_columns() -> None:
    period = Period(midnight(date(2026, 1, 14)), midnight(date(2026, 6, 1)))
    buckets = buckets_of(period, None)
    days = {
        date(2026, 1, 14): {"amd": 1},
        date(2026, 1, 18): {"amd": 2, "tts": 3},
        date(2020, 1, 1): {"amd": 9},
    }
    assert into_buckets(buckets, days, "week")[:2] == [{"amd": 3, "tts": 3}, {}]
    assert start_of(date(2026, 1, 18), "week") == date(2026, 1, 12)


@given(moments, moments)
def test_a_span_in_an_address_means_itself(start: datetime, end: datetime) -> None:
    """Bare dates where they are enough: as `from` the first moment of a day, as `to` its last."""
    from_text, to_text = start_parameter(start), end_parameter(end)
    read = datetime.fromisoformat(from_text).replace(tzinfo=UTC)
    assert read == start
    is_date = len(to_text) == len("2026-01-01")
    assert datetime.fromisoformat(to_text).replace(tzinfo=UTC) + timedelta(days=is_date) == end


def test_an_address_has_only_what_differs_in_one_order() -> None:
    query = Query.of(
        [("zone", "UTC"), ("text", "a&b=c #1"), ("phoneNumber", "+1202"), ("status", "all"), ("x", "1")]
    )
    assert query.url() == "/billing?phoneNumber=%2B1202&text=a%26b%3Dc%20%231"
    assert Query.of([("text", "first"), ("text", "second")]).get("text") == "first"
    assert Query().url() == "/billing"


def test_a_changed_address_begins_at_the_first_page() -> None:
    query = Query.of([("cursor", "c1"), ("sort", "cost")])
    assert query.having({"status": "exact"}).url() == "/billing?status=exact&sort=cost"
    assert query.having({"cursor": "c2"}).url() == "/billing?sort=cost&cursor=c2"
    assert query.without("sort").url("/x") == "/x"
