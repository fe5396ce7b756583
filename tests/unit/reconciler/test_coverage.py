"""Which stretches were read."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.coverage import VISIBLE_AFTER, covered_by, gaps, merge
from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window
from tests.unit.reconciler.moments import after, window, windows


def _sweep(covers: Window, read_s: float) -> Sweep:
    return Sweep(record_type="amd", window=covers, read_at=after(read_s), total_results=0)


def test_what_may_not_have_been_published_yet_is_not_covered() -> None:
    assert covered_by(_sweep(window(-3_600, 300), 0)) == Window(after(-3_600), after(0) - VISIBLE_AFTER)
    assert covered_by(_sweep(window(-3_600, -1_800), 0)) == window(-3_600, -1_800)
    assert covered_by(_sweep(window(-60, 300), 0)) is None


@given(st.lists(windows, max_size=20), st.lists(st.integers(-700_000, 700_000), max_size=20))
def test_merging_changes_no_moment(several: list[Window], seconds: list[int]) -> None:
    merged = merge(several)
    for earlier, later in itertools.pairwise(merged):
        assert earlier.end_at < later.start_at
    for second in seconds:
        moment = after(second)
        before = any(one.start_at <= moment < one.end_at for one in several)
        assert before == any(one.start_at <= moment < one.end_at for one in merged)


@given(st.lists(windows, max_size=20), windows, st.lists(st.integers(-700_000, 700_000), max_size=20))
def test_gaps_are_just_what_is_not_covered(covered: list[Window], within: Window, seconds: list[int]) -> None:
    found = gaps(covered, within)
    assert found == sorted(found, reverse=True)
    for second in seconds:
        moment = after(second)
        is_inside = within.start_at <= moment < within.end_at
        is_covered = any(one.start_at <= moment < one.end_at for one in covered)
        assert (is_inside and not is_covered) == any(one.start_at <= moment < one.end_at for one in found)
