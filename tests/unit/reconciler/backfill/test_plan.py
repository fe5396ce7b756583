"""Days × types × method × retention × claims → what is to be read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.backfill.days import Days, DayState, TypeDay
from services.reconciler.backfill.plan import REPORT_TYPES, Method, Plan, kept_from, make_plan

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEPT = date(2026, 10, 23)
TYPES = ("sip-trunking", "call-control", "amd", "messaging")


def _plan(days: Days, method: Method = "auto", states: dict[TypeDay, DayState] | None = None) -> Plan:
    return make_plan(days, method, TYPES, states or {}, NOW)


def _ordered(plan: Plan) -> set[TypeDay]:
    return {(order.record_type, day) for order in plan.orders for day in order.days}


def test_a_day_that_the_api_still_has_began_less_than_31_days_ago() -> None:
    assert kept_from(NOW) == KEPT
    for hour in range(24):
        now = NOW.replace(hour=hour, minute=59)
        began = datetime.combine(kept_from(now), datetime.min.time(), UTC)
        assert timedelta(days=30) <= now - began < timedelta(days=31)


def test_windows_as_far_back_as_the_api_goes_and_reports_beyond() -> None:
    plan = _plan(Days(date(2026, 10, 21), date(2026, 10, 25)))
    assert set(plan.provable) == {(name, day) for name in TYPES for day in (KEPT, date(2026, 10, 24))}
    assert plan.provable[0][1] == date(2026, 10, 24)
    old = (date(2026, 10, 21), date(2026, 10, 22))
    assert _ordered(plan) == {(name, day) for name in TYPES if name != "amd" for day in old}
    assert plan.unprovable == ()
    assert plan.skipped == 0
    (told,) = plan.troubles
    assert told.startswith("2026-10-21 to 2026-10-22: Telnyx makes no batch reports of amd; ")


def test_an_order_is_one_type_and_one_month_newest_month_first() -> None:
    plan = _plan(Days(date(2026, 8, 30), date(2026, 10, 3)))
    months = [order.month for order in plan.orders]
    assert months == sorted(months, reverse=True)
    assert [
        (order.month[1], order.span.count) for order in plan.orders if order.record_type == "messaging"
    ] == [
        (10, 2),
        (9, 30),
        (8, 2),
    ]


def test_days_that_are_whole_are_left_out_and_days_of_the_api_stay_its_own() -> None:
    first, second, third = (date(2026, 9, day) for day in (1, 2, 3))
    states = {
        ("sip-trunking", first): DayState("report", is_read=True),
        ("sip-trunking", second): DayState("detail_records", is_read=False),
        ("sip-trunking", third): DayState("report", is_read=False),
    }
    plan = make_plan(Days(first, date(2026, 9, 4)), "auto", ("sip-trunking",), states, NOW)
    assert _ordered(plan) == {("sip-trunking", third)}
    assert plan.skipped == 2
    assert len(plan.troubles) == 1
    assert plan.troubles[0].startswith("sip-trunking, 2026-09-02: booked from the Detail Records API")


def test_windows_alone_read_old_days_too_but_never_those_of_a_report() -> None:
    states = {
        ("amd", date(2026, 9, 1)): DayState("report_without_ids"),
        ("messaging", date(2026, 9, 1)): DayState("detail_records"),
        ("call-control", date(2026, 9, 1)): DayState("detail_records", is_read=True),
    }
    plan = _plan(Days(date(2026, 9, 1), date(2026, 9, 2)), "windows", states)
    assert set(plan.unprovable) == {("sip-trunking", date(2026, 9, 1)), ("messaging", date(2026, 9, 1))}
    assert plan.skipped == 2
    assert (plan.provable, plan.orders) == ((), ())


def test_reports_alone_leave_the_youngest_days_to_the_sweeps() -> None:
    plan = _plan(Days(date(2026, 11, 18), date(2026, 11, 23)), "reports")
    assert {day for _, day in _ordered(plan)} == {date(2026, 11, 18), date(2026, 11, 19)}
    assert "2026-11-20 to 2026-11-22: too young for a batch report; sweeps read these days" in plan.troubles
    assert plan.provable == ()


def test_days_to_come_are_no_units() -> None:
    plan = _plan(Days(date(2026, 11, 22), date(2027, 1, 1)))
    assert set(plan.provable) == {(name, date(2026, 11, 22)) for name in TYPES}


_STATES = st.sampled_from(
    [
        None,
        DayState(),
        DayState("detail_records"),
        DayState("detail_records", is_read=True),
        DayState("report"),
        DayState("report", is_read=True),
        DayState("report_without_ids"),
    ]
)


@given(
    first=st.integers(0, 120),
    count=st.integers(1, 60),
    method=st.sampled_from(["auto", "windows", "reports"]),
    data=st.data(),
)
@pytest.mark.parametrize("types", [("sip-trunking", "amd"), ("messaging",), ("amd",)])
def test_each_unit_is_planned_at_most_once_and_none_is_lost(
    types: tuple[str, ...], first: int, count: int, method: Method, data: st.DataObject
) -> None:
    start = date(2026, 7, 20) + timedelta(days=first)
    days = Days(start, start + timedelta(days=count))
    states: dict[TypeDay, DayState] = {}
    for unit in ((name, day) for name in types for day in days):
        state = data.draw(_STATES)
        if state is not None:
            states[unit] = state
    plan = make_plan(days, method, types, states, NOW)
    planned = [*plan.provable, *plan.unprovable, *sorted(_ordered(plan))]
    assert len(planned) == len(set(planned))
    assert len(_ordered(plan)) == sum(len(order.days) for order in plan.orders)
    for name, day in _ordered(plan):
        assert name in REPORT_TYPES
        assert states.get((name, day), DayState()).source != "detail_records"
        assert method == "reports" or day < KEPT
    for unit in plan.unprovable:
        assert unit[1] < KEPT
        assert states.get(unit, DayState()).source in (None, "detail_records")
    assert all(day >= KEPT for _, day in plan.provable)
    known = [name for name in types if method == "windows" or name in REPORT_TYPES]
    if method == "windows":
        past = days.before(NOW.date() + timedelta(days=1))
        assert len(planned) + plan.skipped == past.count * len(known)
    if method == "reports":
        old = days.before(date(2026, 11, 20))
        assert len(planned) + plan.skipped == old.count * len(known)
