"""Dividing what is looked for into shared windows and single filters."""

from hypothesis import given
from hypothesis import strategies as st

from services.reconciler.groups import Group, Member, grouped
from services.reconciler.reads import IdFilter
from services.reconciler.windows import MAX_WINDOW_ROWS, Window, request_count
from tests.unit.reconciler.moments import densities, window, windows


def _member(needed: Window, number: int = 0, *, has_id: bool = True) -> Member:
    id_filter = IdFilter("session", f"session-{number}") if has_id else None
    return Member(needed, needed, id_filter)


members = st.lists(st.builds(_member, windows, st.integers(0, 1_000), has_id=st.booleans()), max_size=30)


def _cost(groups: list[Group], rows_per_s: float) -> int:
    return sum(1 if group.is_single else request_count(group.window, rows_per_s) for group in groups)


@given(members, densities, st.booleans())
def test_each_member_is_served_once_and_by_what_can_find_it(
    wanted: list[Member], rows_per_s: float, prefers_windows: bool
) -> None:
    groups = grouped(wanted, rows_per_s, prefers_windows=prefers_windows)
    served = [member for group in groups for member in group.members]
    assert sorted(map(id, served)) == sorted(map(id, wanted))
    for group in groups:
        if group.is_single:
            assert len(group.members) == 1
            assert group.members[0].id_filter is not None
        else:
            assert all(group.window.spans(member.window) for member in group.members)


@given(members, densities, st.booleans())
def test_sharing_never_costs_more_than_each_alone_by_its_cheapest_way(
    wanted: list[Member], rows_per_s: float, prefers_windows: bool
) -> None:
    groups = grouped(wanted, rows_per_s, prefers_windows=prefers_windows)
    assert _cost(groups, rows_per_s) == sum(group.cost for group in groups)
    alone = sum(1 if member.id_filter else request_count(member.window, rows_per_s) for member in wanted)
    assert _cost(groups, rows_per_s) <= alone


@given(members, densities)
def test_a_window_grows_no_further_than_can_be_read_in_one_go(
    wanted: list[Member], rows_per_s: float
) -> None:
    for group in grouped(wanted, rows_per_s, prefers_windows=True):
        longest_s = max(member.window.length_s for member in group.members)
        assert group.window.length_s <= max(longest_s, MAX_WINDOW_ROWS / rows_per_s + 1)


def test_a_long_call_of_long_ago_is_asked_for_apart_from_a_crowd() -> None:
    crowd = [_member(window(second, second + 60), second) for second in range(0, 300, 10)]
    old = _member(window(-4_000, -3_700), 9_999)
    groups = grouped([*crowd, old], rows_per_s=0.3, prefers_windows=True)
    assert [group.is_single for group in groups] == [True, False]
    assert groups[0].members == (old,)
    assert groups[1].window == window(0, 350)


def test_a_window_goes_on_over_a_long_call_in_its_midst() -> None:
    crowd = [_member(window(second, second + 60), second) for second in range(0, 600, 10)]
    long = _member(window(305, 9_000), 9_999)
    groups = grouped([*crowd, long], rows_per_s=0.3, prefers_windows=True)
    assert [(group.is_single, group.window) for group in groups] == [
        (False, window(0, 650)),
        (True, window(305, 9_000)),
    ]
    assert groups[0].members == tuple(crowd)
    assert [group.cost for group in groups] == [request_count(window(0, 650), 0.3), 1]


def test_two_crowds_far_apart_have_a_window_each() -> None:
    crowds = [
        _member(window(second, second + 60), second)
        for base in (0, 9_000)
        for second in range(base, base + 90, 9)
    ]
    groups = grouped(crowds, rows_per_s=0.3, prefers_windows=True)
    assert [group.window for group in groups] == [window(0, 141), window(9_000, 9_141)]


def test_at_equal_cost_a_job_reads_the_window_and_a_person_the_filter() -> None:
    alone = _member(window(0, 60))
    [for_job] = grouped([alone], 0.1, prefers_windows=True)
    [for_person] = grouped([alone], 0.1, prefers_windows=False)
    assert (for_job.is_single, for_person.is_single) == (False, True)


def test_nothing_is_read_for_nobody() -> None:
    assert grouped([], 1.0, prefers_windows=True) == []
