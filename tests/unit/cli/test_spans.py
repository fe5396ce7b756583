"""Days and moments as they are given on the command line."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.cli.spans import DaySpan, TimeSpan, day_span, time_span
from services.common.errors import InvalidInput

NOW = datetime(2026, 11, 22, 13, 30, tzinfo=UTC)


def test_the_last_day_is_part_of_the_span() -> None:
    span = day_span("2026-11-01", "2026-11-03", NOW)
    assert span == DaySpan(date(2026, 11, 1), date(2026, 11, 3))
    assert span.after == date(2026, 11, 4)
    assert time_span("2026-11-01", "2026-11-03", NOW) == TimeSpan(
        datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 4, tzinfo=UTC)
    )


def test_without_a_span_the_last_30_days() -> None:
    assert day_span(None, None, NOW) == DaySpan(date(2026, 10, 24), date(2026, 11, 22))
    assert day_span(None, "2026-01-30", NOW) == DaySpan(date(2026, 1, 1), date(2026, 1, 30))
    assert time_span(None, None, NOW) == TimeSpan(NOW - timedelta(days=30), NOW)


def test_moments_are_taken_as_they_are() -> None:
    assert time_span("2026-11-22T10:00:00+01:00", "2026-11-22T12:00:00Z", NOW) == TimeSpan(
        datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("first", "last", "option"),
    [
        ("yesterday", None, "--from"),
        ("2026-02-30", None, "--from"),
        ("20261101", None, "--from"),
        ("2026-W47-1", None, "--from"),
        ("1969-12-31", None, "--from"),
        (None, "2026-11-31", "--to"),
        (None, "9999-12-31", "--to"),
        ("2026-11-03", "2026-11-02", "--from"),
    ],
)
def test_what_is_no_day_is_named(first: str | None, last: str | None, option: str) -> None:
    with pytest.raises(InvalidInput, match=option):
        day_span(first, last, NOW)
    with pytest.raises(InvalidInput, match=option):
        time_span(first, last, NOW)


def test_a_moment_that_is_none_is_named() -> None:
    with pytest.raises(InvalidInput, match="--to"):
        time_span("2026-11-01", "2026-11-02T25:00:00Z", NOW)
