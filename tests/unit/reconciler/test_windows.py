"""Pooling and splitting windows."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.windows import MAX_WINDOW_ROWS, Window, pool, request_count, split
from tests.unit.reconciler.moments import after, densities, window, windows


@given(st.lists(windows, max_size=30), densities)
def test_pooling_serves_every_member_once_and_never_costs_more(
    wanted: list[Window], rows_per_s: float
) -> None:
    pooled = pool(range(len(wanted)), wanted.__getitem__, rows_per_s)
    served = sorted(member for group in pooled for member in group.members)
    assert served == list(range(len(wanted)))
    for group in pooled:
        assert all(group.window.spans(wanted[member]) for member in group.members)
    together = sum(request_count(group.window, rows_per_s) for group in pooled)
    assert together <= sum(request_count(one, rows_per_s) for one in wanted)


@given(st.lists(windows, max_size=30), densities)
def test_pooling_stretches_no_window_beyond_one_reading(wanted: list[Window], rows_per_s: float) -> None:
    for group in pool(wanted, lambda one: one, rows_per_s):
        longest_s = max(one.length_s for one in group.members)
        assert group.window.length_s <= max(longest_s, MAX_WINDOW_ROWS / rows_per_s + 1)


def test_one_old_item_does_not_stretch_a_window_over_days() -> None:
    old, recent, fresh = window(-3 * 86_400, -3 * 86_400 + 600), window(-600, 0), window(-300, 300)
    assert [group.window for group in pool([fresh, old, recent], lambda one: one, 0.1)] == [
        old,
        window(-600, 300),
    ]


def test_where_hardly_anything_lies_one_request_reads_days() -> None:
    old, fresh = window(-3 * 86_400, -3 * 86_400 + 600), window(-600, 0)
    assert [group.window for group in pool([old, fresh], lambda one: one, 1e-5)] == [old.joined(fresh)]


@given(windows, densities)
def test_the_pieces_of_a_window_meet_without_gap_or_overlap(whole: Window, rows_per_s: float) -> None:
    pieces = split(whole, rows_per_s)
    assert pieces[0].end_at == whole.end_at
    assert pieces[-1].start_at == whole.start_at
    for newer, older in itertools.pairwise(pieces):
        assert newer.start_at == older.end_at
    for piece in pieces:
        assert piece.length_s * rows_per_s <= MAX_WINDOW_ROWS + 1


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Window(after(1), after(0))


def test_a_margin_widens_both_sides() -> None:
    assert window(0, 10).widened(timedelta(seconds=5)) == window(-5, 15)
