"""What the trailing sweeps and the backfill read next."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.coverage import gaps
from services.reconciler.retention import KEPT
from services.reconciler.sweep import Sweep
from services.reconciler.trailing import FIRST_REACH, FORWARD, SweepHistory, SweepRules
from services.reconciler.windows import Window
from tests.unit.reconciler.moments import NOON, after

RULES = SweepRules(interval=timedelta(minutes=15), horizon=timedelta(hours=24))
QUICK = SweepRules(interval=timedelta(seconds=3), horizon=timedelta(seconds=5))


def _swept(history: SweepHistory, window: Window, read_at: datetime, rows: int = 1) -> SweepHistory:
    sweep = Sweep(record_type="amd", window=window, read_at=read_at, total_results=rows)
    return history.with_sweep(sweep, RULES)


def _short(history: SweepHistory, now: datetime, rules: SweepRules = RULES) -> Window | None:
    return history.short_window(now, rules, may_rest=False)


def test_an_empty_book_begins_with_the_last_day_and_what_the_long_sweep_needs() -> None:
    first = _short(SweepHistory(), NOON)
    assert first is not None
    assert first.start_at <= NOON - FIRST_REACH
    assert first.end_at == NOON + FORWARD
    history = _swept(SweepHistory(), first, after(20))
    assert _short(history, after(21)) is None
    assert history.long_window(after(21), RULES) is None


def test_with_a_short_horizon_the_first_sweep_still_reads_a_day() -> None:
    first = SweepHistory().short_window(NOON, QUICK, may_rest=True)
    assert first is not None
    assert first.start_at <= NOON - FIRST_REACH


def test_short_sweeps_come_every_interval_and_reach_past_now() -> None:
    first = _short(SweepHistory(), NOON)
    assert first is not None
    history = _swept(SweepHistory(), first, NOON)
    assert _short(history, NOON + RULES.interval - timedelta(seconds=1)) is None
    due_at = NOON + RULES.interval
    second = _short(history, due_at)
    assert second is not None
    assert second.start_at < due_at - 2 * RULES.interval
    assert second.end_at == due_at + FORWARD


def test_after_a_stop_a_sweep_reaches_back_to_where_the_last_one_ended() -> None:
    first = _short(SweepHistory(), NOON)
    assert first is not None
    history = _swept(SweepHistory(), first, NOON)
    later = NOON + timedelta(hours=7)
    window = _short(history, later)
    assert window is not None
    assert window.start_at <= NOON
    assert gaps((*history.covered, window), Window(first.start_at, later)) == []


def test_long_sweeps_look_at_every_record_once_more_after_the_horizon() -> None:
    assert RULES.long_reach - RULES.long_every >= RULES.horizon
    assert RULES.long_reach >= RULES.horizon + timedelta(hours=4)
    history = _swept(SweepHistory(), Window(NOON - timedelta(hours=2), NOON), NOON)
    window = history.long_window(NOON, RULES)
    assert window is not None
    assert window.start_at <= NOON - RULES.long_reach
    assert _swept(history, window, after(60)).long_window(after(61), RULES) is None


def test_a_type_that_never_has_rows_is_asked_less_often_if_it_may_rest() -> None:
    first = _short(SweepHistory(), NOON)
    assert first is not None
    history = _swept(SweepHistory(), first, NOON, rows=0)
    soon = NOON + RULES.interval
    assert history.short_window(soon, RULES, may_rest=True) is None
    assert history.short_window(soon, RULES, may_rest=False) is not None
    rested = history.short_window(NOON + 4 * RULES.interval, RULES, may_rest=True)
    assert rested is not None
    assert rested.start_at <= NOON


def test_a_slow_sweep_counts_when_it_is_marked_done() -> None:
    history = SweepHistory(covered=(Window(NOON - KEPT, NOON),))
    assert history.after_short(NOON).short_window(after(60), RULES, may_rest=False) is None
    assert history.after_long(NOON).long_window(after(60), RULES) is None


@given(rows_per_s=st.floats(min_value=1e-6, max_value=1.0), rows=st.integers(0, 3))
def test_the_backfill_ends_and_leaves_no_gap(rows_per_s: float, rows: int) -> None:
    first = _short(SweepHistory(), NOON)
    assert first is not None
    history = _swept(SweepHistory(), first, NOON, rows)
    ends: list[datetime] = []
    while (window := history.backfill_window(NOON, rows_per_s)) is not None:
        ends.append(window.end_at)
        assert len(ends) <= 31
        history = _swept(history, window, NOON)
    assert ends == sorted(ends, reverse=True)
    assert gaps(history.covered, Window(NOON - KEPT, NOON - FIRST_REACH)) == []


def test_the_backfill_goes_day_by_day_where_there_is_traffic() -> None:
    history = SweepHistory(covered=(Window(NOON - timedelta(hours=29), NOON),))
    busy = history.backfill_window(NOON, 0.1)
    assert busy == Window(
        datetime.combine(NOON.date() - timedelta(days=1), NOON.time().min, NOON.tzinfo),
        NOON - timedelta(hours=29),
    )
    quiet = history.backfill_window(NOON, 1e-6)
    assert quiet is not None
    assert quiet.start_at == (NOON - KEPT).replace(hour=0)


@given(st.permutations(range(4)))
def test_the_order_in_which_sweeps_are_told_does_not_matter(order: list[int]) -> None:
    sweeps = [
        Sweep(
            record_type="amd", window=Window(after(-90_000), after(300)), read_at=after(5), total_results=0
        ),
        Sweep(
            record_type="amd", window=Window(after(-110_000), after(900)), read_at=after(700), total_results=3
        ),
        Sweep(
            record_type="amd",
            window=Window(after(-3_000), after(1_900)),
            read_at=after(1_600),
            total_results=0,
        ),
        Sweep(
            record_type="amd",
            window=Window(after(-400_000), after(-200_000)),
            read_at=after(9),
            total_results=1,
        ),
    ]
    told: SweepHistory = SweepHistory()
    for index in order:
        told = told.with_sweep(sweeps[index], RULES)
    straight = SweepHistory()
    for sweep in sweeps:
        straight = straight.with_sweep(sweep, RULES)
    assert told == straight
