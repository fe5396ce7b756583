"""When account charges are read, and when the day's audit runs."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.polling.due import CHARGES_REACH, audit_moment, charges_days_due
from tests.unit.reconciler.moments import NOON

DAY = timedelta(days=1)
TODAY = NOON.date()


def test_at_first_every_day_of_a_month_is_read_newest_first() -> None:
    due = charges_days_due({}, NOON)
    assert due == [TODAY - number * DAY for number in range(1, CHARGES_REACH.days + 1)]


def test_what_was_read_when_it_was_over_is_read_again_once_a_day_while_it_is_young() -> None:
    yesterday, last_week = TODAY - DAY, TODAY - 7 * DAY
    known = {day: NOON - timedelta(hours=1) for day in charges_days_due({}, NOON)}
    assert charges_days_due(known, NOON) == []
    known |= {yesterday: NOON - timedelta(hours=11), last_week: NOON - 8 * DAY}
    assert charges_days_due(known, NOON) == [last_week]
    known[last_week] = datetime(2026, 11, 16, 0, 1, tzinfo=UTC)
    assert charges_days_due(known, NOON) == [last_week]
    known[last_week] = datetime(2026, 11, 19, 0, 1, tzinfo=UTC)
    assert charges_days_due(known, NOON) == []


@given(st.integers(1, 40), st.integers(0, 40 * 24))
def test_reading_what_is_due_comes_to_an_end(age_days: int, hours: int) -> None:
    """However it is called, a day is read at most once a day, and not any more when it is final."""
    day, now, readings = TODAY - age_days * DAY, NOON, []
    read_at: dict[date, datetime] = {}
    for _ in range(hours):
        if day in charges_days_due(read_at, now):
            read_at[day] = now
            readings.append(now)
        now += timedelta(hours=1)
    assert len(readings) <= 5
    assert all(later - earlier >= DAY for earlier, later in pairwise(readings))


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [
        (timedelta(hours=24), datetime(2026, 11, 22, 0, 10, tzinfo=UTC)),
        (timedelta(hours=6), datetime(2026, 11, 22, 6, 10, tzinfo=UTC)),
        (timedelta(hours=30), datetime(2026, 11, 22, 6, 10, tzinfo=UTC)),
        (timedelta(hours=18), datetime(2026, 11, 21, 18, 10, tzinfo=UTC)),
        (timedelta(seconds=6), datetime(2026, 11, 22, 0, 10, 6, tzinfo=UTC)),
    ],
)
def test_the_audit_runs_when_another_day_has_closed(horizon: timedelta, expected: datetime) -> None:
    assert audit_moment(NOON, horizon) == expected


@given(
    st.timedeltas(timedelta(0), timedelta(days=60)), st.timedeltas(timedelta(seconds=1), timedelta(days=30))
)
def test_there_is_one_such_moment_a_day(elapsed: timedelta, horizon: timedelta) -> None:
    now = NOON + elapsed
    moment = audit_moment(now, horizon)
    assert moment <= now < moment + DAY
    assert audit_moment(now + DAY, horizon) == moment + DAY
