"""Which readings serve the due jobs."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.items import OpenItem
from services.reconciler.plan import JOB_MARGIN, LEAST_MARGIN, plan_costs, plan_reads, unplanned
from services.reconciler.reads import IdFilter, Read
from services.reconciler.windows import MAX_WINDOW_ROWS, Window, request_count
from services.telnyx_vocabulary.record_types import RECORD_TYPES, find_record_type
from tests.unit.reconciler.moments import densities, item, window

NAMES = [entry.name for entry in RECORD_TYPES]

items = st.builds(
    lambda number, start_s, length_s, missing, has_session: item(
        f"leg-{number}",
        *missing,
        start_s=start_s,
        end_s=start_s + length_s,
        session_id=f"session-{number % 7}" if has_session else "",
    ),
    st.integers(0, 1_000),
    st.integers(-200_000, 0),
    st.integers(0, 7_200),
    st.sets(st.sampled_from(NAMES), max_size=4),
    st.booleans(),
)


def _at(rows_per_s: float) -> Callable[[str], float]:
    return lambda _: rows_per_s


def _serves(read: Read, name: str, one: OpenItem) -> bool:
    """Whether a reading would find the item's record: its leg's begins with the leg, a feature's at any time."""
    known = find_record_type(name)
    assert known is not None
    is_whole = not (known.carries_call or known.is_message)
    end_at = one.end_at if is_whole else one.start_at
    needed = Window(one.start_at - LEAST_MARGIN, end_at + LEAST_MARGIN)
    return read.record_type == name and (
        (read.window is not None and read.window.spans(needed))
        or read.id_filter == IdFilter("session", one.session_id)
    )


@given(st.lists(items, max_size=25, unique_by=lambda one: one.record_id), densities)
def test_everything_that_is_missing_is_looked_for(wanted: list[OpenItem], rows_per_s: float) -> None:
    reads = plan_reads(wanted, "job", _at(rows_per_s))
    for one in wanted:
        for name in one.missing:
            assert any(_serves(read, name, one) for read in reads), name


@given(st.lists(items, max_size=25, unique_by=lambda one: one.record_id), densities)
def test_no_session_is_asked_for_twice_and_no_window_twice(wanted: list[OpenItem], rows_per_s: float) -> None:
    reads = plan_reads(wanted, "job", _at(rows_per_s))
    assert len(set(reads)) == len(reads)


@given(st.lists(items, max_size=7, unique_by=lambda one: one.session_id or one.record_id), densities)
def test_what_is_planned_costs_what_was_said(wanted: list[OpenItem], rows_per_s: float) -> None:
    wanted.sort(key=lambda one: one.lifetime)
    costs = plan_costs(wanted, _at(rows_per_s))
    assert costs == sorted(costs)
    for count, said in enumerate(costs, start=1):
        reads = plan_reads(wanted[:count], "job", _at(rows_per_s))
        planned = sum(request_count(read.window, rows_per_s) if read.window else 1 for read in reads)
        assert planned == said


@given(st.lists(items, max_size=25, unique_by=lambda one: one.record_id), densities)
def test_no_shared_window_is_longer_than_can_be_read_in_one_go(
    wanted: list[OpenItem], rows_per_s: float
) -> None:
    longest_s = max((one.lifetime.length_s for one in wanted), default=0.0) + 2 * JOB_MARGIN.total_seconds()
    for read in plan_reads(wanted, "job", _at(rows_per_s)):
        if read.window is not None:
            assert read.window.length_s <= max(longest_s, MAX_WINDOW_ROWS / rows_per_s) + 600


@given(st.lists(items, max_size=25, unique_by=lambda one: one.record_id), densities)
def test_a_plan_never_costs_more_than_each_item_alone(wanted: list[OpenItem], rows_per_s: float) -> None:
    planned = sum(
        request_count(read.window, rows_per_s) if read.window else 1
        for read in plan_reads(wanted, "job", _at(rows_per_s))
    )
    alone = sum(
        request_count(one.lifetime.widened(JOB_MARGIN), rows_per_s) for one in wanted for _ in one.missing
    )
    assert planned <= alone


def test_legs_of_one_time_share_one_window_per_type() -> None:
    legs = [item(f"leg-{number}", "sip-trunking", "call-control", end_s=number) for number in range(30)]
    reads = plan_reads(legs, "job", _at(0.05))
    assert [read.record_type for read in reads] == ["call-control", "sip-trunking"]
    assert all(read.window == window(-60 - 300, 29 + 300) for read in reads)


def test_one_long_call_in_dense_traffic_is_asked_for_by_its_session() -> None:
    [read] = plan_reads([item("leg", "sip-trunking", start_s=-7_200)], "job", _at(1.0))
    assert read.id_filter == IdFilter("session", "session-of-leg")


def test_a_message_in_dense_traffic_is_asked_for_by_its_id() -> None:
    [read] = plan_reads([item("message", "messaging", kind="sms")], "job", _at(1.0))
    assert read.id_filter == IdFilter("record", "message")


def test_an_item_without_a_session_needs_a_window() -> None:
    alone = OpenItem(
        kind="call",
        record_id="leg",
        start_at=window(-7_200, 0).start_at,
        end_at=window(-7_200, 0).end_at,
        opened_at=window(-7_200, 0).end_at,
        changed_at=window(-7_200, 0).end_at,
        missing=("sip-trunking",),
    )
    [read] = plan_reads([alone], "job", _at(1.0))
    assert read.window is not None


def test_a_person_gets_the_smallest_answer() -> None:
    [read] = plan_reads([item("leg", "sip-trunking")], "person", _at(1e-5))
    assert read.id_filter == IdFilter("session", "session-of-leg")


def test_unknown_and_refused_types_are_left_out_and_explained() -> None:
    wanted = [item("leg", "carrier-pigeon", "amd", "recording")]
    assert [read.record_type for read in plan_reads(wanted, "job", _at(0.1), {"amd"})] == ["recording"]
    assert {name: str(fault) for name, fault in unplanned(wanted, {"amd"}).items()} == {
        "carrier-pigeon": "Tollbook knows no such record type",
        "amd": "Telnyx refuses to list these records; it is asked again in a day",
    }
