"""What of the wanted days is still to be read."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.common.times import utc_day
from services.reconciler.backfill.days import Days, days_of, runs, spoken
from services.reconciler.backfill.gaps import Gaps, wanted_windows
from services.reconciler.windows import PAGE_ROWS, Window

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_DENSE = 1 / 60


def _window(from_h: float, to_h: float) -> Window:
    return Window(FIRST + from_h * _HOUR, FIRST + to_h * _HOUR)


def test_the_newest_day_is_read_first_and_a_day_at_a_time_where_records_lie_densely() -> None:
    gaps = Gaps((_window(0, 72),))
    assert gaps.open_days == 3
    read = []
    while (window := gaps.next_window(_DENSE)) is not None:
        read.append(window)
        gaps = gaps.with_covered(window)
    assert read == [_window(48, 72), _window(24, 48), _window(0, 24)]
    assert gaps.open_days == 0


def test_days_that_fit_on_one_page_are_read_together() -> None:
    assert Gaps((_window(0, 240),)).next_window(PAGE_ROWS / (5 * 86_400)) == _window(120, 240)


def test_what_sweeps_have_read_is_not_read_again() -> None:
    gaps = Gaps((_window(0, 24),)).with_covered(_window(6, 12), _window(11, 20))
    assert gaps.open == [_window(20, 24), _window(0, 6)]
    assert gaps.open_days == 1
    assert gaps.next_window(_DENSE) == _window(20, 24)


def test_nothing_is_wanted_of_the_time_to_come() -> None:
    days = [date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 4)]
    assert wanted_windows(days, FIRST + 30 * _HOUR) == (_window(0, 30),)
    assert wanted_windows(days, FIRST + 80 * _HOUR) == (_window(0, 48), _window(72, 80))


_WINDOWS = st.builds(
    lambda start, length: _window(start, start + length), st.integers(-10, 200), st.integers(0, 90)
)


@given(
    wanted=st.sets(st.integers(0, 9), min_size=1),
    covered=st.lists(_WINDOWS, max_size=6),
    rows_per_s=st.sampled_from([1 / 86_400, 50 / (3 * 86_400), 1 / 60, 10.0]),
)
def test_reading_ends_and_reads_all_that_is_wanted_and_only_once(
    wanted: set[int], covered: list[Window], rows_per_s: float
) -> None:
    days = {FIRST.date() + timedelta(days=index) for index in wanted}
    gaps = Gaps(wanted_windows(days, FIRST + 999 * _HOUR)).with_covered(*covered)
    to_read = sum(gap.length_s for gap in gaps.open)
    read_s = 0.0
    before = gaps.open_days
    for _ in range(200):
        window = gaps.next_window(rows_per_s)
        if window is None:
            break
        assert days_of([window]) <= days
        read_s += window.length_s
        gaps = gaps.with_covered(window)
        assert gaps.open_days <= before
        before = gaps.open_days
    assert gaps.open_days == 0
    assert read_s == to_read


@given(days=st.sets(st.dates(date(2026, 1, 1), date(2026, 3, 1)), min_size=1))
def test_runs_hold_exactly_their_days_newest_first(days: set[date]) -> None:
    found = runs(days)
    assert {day for run in found for day in run} == days
    assert [run.first for run in found] == sorted((run.first for run in found), reverse=True)
    assert all(one.first > other.after for one, other in pairwise(found))
    assert days_of(run.window for run in found) == days


def test_days_in_words() -> None:
    assert spoken([date(2026, 9, 1)]) == "2026-09-01"
    assert spoken(Days(date(2026, 9, 1), date(2026, 9, 4))) == "2026-09-01 to 2026-09-03"
    assert spoken([date(2026, 9, 1), date(2026, 9, 4)]) == "2 days from 2026-09-01 to 2026-09-04"
    assert utc_day(Days(date(2026, 9, 1), date(2026, 9, 4)).window.end_at) == date(2026, 9, 4)
