"""Which windows can be closed."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.closing import (
    ClosingNeed,
    closing_needs,
    closing_windows,
    usage_days,
)
from services.reconciler.day_closing import CLOSING_MARGIN
from services.reconciler.items import OpenItem
from tests.unit.reconciler.moments import NOON, after, densities, item, window

HORIZON = timedelta(hours=1)

items = st.builds(
    lambda number, start_s, length_s: item(f"leg-{number}", "amd", start_s=start_s, end_s=start_s + length_s),
    st.integers(0, 1_000),
    st.integers(-200_000, -11_000),
    st.integers(0, 7_200),
)


def test_nothing_is_closed_before_the_horizon() -> None:
    early, late = (
        item("early", "amd", start_s=-3_660, end_s=-3_599),
        item("late", "amd", start_s=-3_660, end_s=-3_600),
    )
    assert [need.record_id for need in closing_needs([early, late], NOON, HORIZON)["amd"]] == ["late"]


def test_what_is_missing_and_what_is_unclosed_is_closed() -> None:
    leg = item("leg", "amd", start_s=-9_000, end_s=-8_000, unclosed=("amd", "recording", "carrier-pigeon"))
    assert set(closing_needs([leg], NOON, HORIZON)) == {"amd", "recording"}


@given(st.lists(items, min_size=1, max_size=20, unique_by=lambda one: one.record_id), densities)
def test_each_window_spans_its_items_with_an_hour_on_both_sides(
    legs: list[OpenItem], rows_per_s: float
) -> None:
    needs = closing_needs(legs, NOON, HORIZON)["amd"]
    groups = closing_windows(needs, rows_per_s)
    lifetimes = {leg.record_id: leg.lifetime for leg in legs}
    assert sorted(need.record_id for group in groups for need in group.members) == sorted(lifetimes)
    for group in groups:
        for need in group.members:
            assert group.window.spans(lifetimes[need.record_id].widened(CLOSING_MARGIN))
    assert groups == sorted(groups, key=lambda group: group.window, reverse=True)


def test_usage_is_asked_for_the_days_of_the_items_alone() -> None:
    needs = closing_needs(
        [item("leg", "amd", start_s=-12 * 3_600 - 60, end_s=-12 * 3_600 + 60)], NOON, HORIZON
    )
    today = NOON.date()
    assert usage_days(needs["amd"]) == (today - timedelta(days=1), today + timedelta(days=1))
    whole_day = closing_needs([item("leg", "amd", start_s=-7_300, end_s=-7_200)], NOON, HORIZON)
    assert usage_days(whole_day["amd"]) == (today, today + timedelta(days=1))


def test_usage_is_not_asked_for_more_days_than_one_request_takes() -> None:
    far = ClosingNeed("far", window(-32 * 86_400, -32 * 86_400 + 7_201))
    near = ClosingNeed("near", window(-14_400, -7_200))
    assert usage_days([far, near]) is None


def test_nothing_is_closed_of_which_telnyx_may_have_dropped_the_records() -> None:
    day_s = 86_400
    kept = item("kept", "amd", start_s=-30 * day_s + 3_600, end_s=-29 * day_s)
    dropped = item("dropped", "amd", start_s=-30 * day_s + 3_599, end_s=-29 * day_s)
    assert [need.record_id for need in closing_needs([kept, dropped], NOON, HORIZON)["amd"]] == ["kept"]


def test_a_need_is_the_items_lifetime_with_its_margins() -> None:
    [need] = closing_needs([item("leg", "amd", start_s=-9_000, end_s=-8_000)], NOON, HORIZON)["amd"]
    assert need.window == window(-9_000 - 3_600, -8_000 + 3_600)
    assert need.window.end_at == after(-8_000 + 3_600)
