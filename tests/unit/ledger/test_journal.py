"""Rule i: the journal is append-only, and what its entries are called."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.journal import Booked, Entry, Posting, post, post_away

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def lines(posting: Posting) -> list[tuple[str, int, int]]:
    return [(entry.kind, entry.amount_nanos, entry.cost_after_nanos) for entry in posting.entries]


def test_a_first_estimate() -> None:
    posting = post(None, 45, can_settle=False, now=NOON)
    assert lines(posting) == [("estimate", 45, 45)]
    assert posting.after == Booked(cost_nanos=45, settled_at=None)


def test_a_first_estimate_of_0_has_its_line_too() -> None:
    assert lines(post(None, 0, can_settle=False, now=NOON)) == [("estimate", 0, 0)]


@pytest.mark.parametrize(("cost", "amount"), [(60, 15), (30, -15)])
def test_another_estimate_is_a_difference(cost: int, amount: int) -> None:
    booked = Booked(cost_nanos=45, settled_at=None)
    assert lines(post(booked, cost, can_settle=False, now=NOON)) == [("estimate", amount, cost)]


def test_the_same_estimate_again_is_no_line() -> None:
    booked = Booked(cost_nanos=45, settled_at=None)
    assert post(booked, 45, can_settle=False, now=NOON) == Posting(entries=(), after=booked)


@pytest.mark.parametrize("cost", [21, 45, 0, 90])
def test_settling_takes_the_estimate_back_and_books_what_is_exact(cost: int) -> None:
    posting = post(Booked(cost_nanos=45, settled_at=None), cost, can_settle=True, now=NOON)
    assert lines(posting) == [("reversal", -45, 0), ("exact", cost, cost)]
    assert posting.after == Booked(cost_nanos=cost, settled_at=NOON)


@pytest.mark.parametrize("booked", [None, Booked(cost_nanos=0, settled_at=None)])
def test_where_nothing_was_booked_there_is_nothing_to_take_back(booked: Booked | None) -> None:
    assert lines(post(booked, 21, can_settle=True, now=NOON)) == [("exact", 21, 21)]


@pytest.mark.parametrize("can_settle", [True, False])
def test_afterwards_every_change_is_an_adjustment(can_settle: bool) -> None:
    """Also when something expected later is missing: a charge that was settled stays so."""
    posting = post(Booked(cost_nanos=21, settled_at=NOON), 23, can_settle, LATER)
    assert lines(posting) == [("adjustment", 2, 23)]
    assert posting.after == Booked(cost_nanos=23, settled_at=NOON)


@pytest.mark.parametrize("can_settle", [True, False])
def test_a_settled_charge_that_stays_as_it_is_gets_no_line(can_settle: bool) -> None:
    booked = Booked(cost_nanos=21, settled_at=NOON)
    assert post(booked, 21, can_settle, LATER) == Posting(entries=(), after=booked)


@pytest.mark.parametrize(("settled_at", "kind"), [(None, "estimate"), (NOON, "adjustment")])
def test_a_charge_that_is_no_more_goes_to_0(settled_at: datetime | None, kind: str) -> None:
    posting = post_away(Booked(cost_nanos=21, settled_at=settled_at))
    assert lines(posting) == [(kind, -21, 0)]
    assert posting.after == Booked(cost_nanos=0, settled_at=settled_at)


def test_one_that_is_at_0_already_needs_no_line() -> None:
    assert post_away(Booked(cost_nanos=0, settled_at=None)).entries == ()


amounts = st.integers(-(2**62), 2**62) | st.sampled_from([0, 21, 45])
steps = st.lists(st.tuples(amounts, st.booleans()) | st.just("away"), min_size=1, max_size=12)


@given(steps)
def test_whatever_happens_entries_add_up_and_their_kinds_follow_the_rule(
    history: list[tuple[int, bool] | str],
) -> None:
    booked: Booked | None = None
    journal: list[Entry] = []
    for step, taken in enumerate(history):
        before, now = booked, NOON + timedelta(seconds=step)
        if isinstance(taken, str):
            if booked is None:
                continue
            posting, wanted, can_settle = post_away(booked), 0, False
        else:
            wanted, can_settle = taken
            posting = post(booked, wanted, can_settle, now)
        booked = posting.after
        journal += posting.entries
        assert booked.cost_nanos == wanted == sum(entry.amount_nanos for entry in journal)
        if posting.entries:
            assert posting.entries[-1].cost_after_nanos == wanted
        kinds = [entry.kind for entry in posting.entries]
        if before is not None and before.settled_at is not None:
            assert booked.settled_at == before.settled_at
            assert kinds in ([], ["adjustment"])
        elif can_settle:
            assert booked.settled_at == now
            assert kinds in (["exact"], ["reversal", "exact"])
        else:
            assert booked.settled_at is None
            assert kinds in ([], ["estimate"])
    assert [entry.kind for entry in journal].count("exact") <= 1
