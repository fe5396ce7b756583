"""What is wrong with the entries of a charge: nothing with what is posted, something with what was changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ledger.entry_faults import entry_faults
from services.ledger.journal import Booked, Entry, post, post_away

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_nanos = st.integers(-(10**12), 10**12)


@dataclass(frozen=True, slots=True)
class History:
    """A charge and all that was posted for it."""

    booked: Booked
    entries: tuple[Entry, ...]


def history(steps: Sequence[tuple[int, bool]], goes_away: bool = False) -> History:
    """Derived to one cost after the other, each settling or not; at last merged away, perhaps."""
    booked: Booked | None = None
    entries: list[Entry] = []
    for cost_nanos, can_settle in steps:
        posting = post(booked, cost_nanos, can_settle, NOW)
        booked = posting.after
        entries += posting.entries
    assert booked is not None
    if goes_away:
        posting = post_away(booked)
        booked = posting.after
        entries += posting.entries
    return History(booked, tuple(entries))


_histories = st.builds(
    history, st.lists(st.tuples(_nanos, st.booleans()), min_size=1, max_size=6), st.booleans()
)


@given(_histories)
def test_what_is_posted_has_no_fault(told: History) -> None:
    assert entry_faults(told.booked, told.entries) == []


@given(_histories, st.data())
def test_another_amount_is_found(told: History, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(told.entries) - 1))
    name = data.draw(st.sampled_from(["amount_nanos", "cost_after_nanos"]))
    entry = told.entries[position]
    changed = replace(entry, **{name: getattr(entry, name) + data.draw(_nanos.filter(bool))})
    assert entry_faults(told.booked, (*told.entries[:position], changed, *told.entries[position + 1 :])) != []


@given(_histories, _nanos.filter(bool))
def test_another_cost_is_found(told: History, nanos: int) -> None:
    assert entry_faults(replace(told.booked, cost_nanos=told.booked.cost_nanos + nanos), told.entries) != []


@given(_histories)
def test_settled_or_not_is_what_the_entries_say(told: History) -> None:
    other = replace(told.booked, settled_at=None if told.booked.settled_at else NOW)
    assert entry_faults(other, told.entries) == ["whether it is settled is not what its entries say"]


def entry(kind: str, amount: int, after: int) -> Entry:
    return Entry(kind=kind, amount_nanos=amount, cost_after_nanos=after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kinds",
    [
        ["adjustment"],
        ["exact", "exact"],
        ["exact", "estimate"],
        ["exact", "reversal"],
        ["estimate", "reversal"],
        ["estimate", "reversal", "reversal", "exact"],
        ["estimate", "adjustment", "exact"],
        ["something else"],
    ],
)
def test_kinds_that_do_not_follow_one_another_are_found(kinds: list[str]) -> None:
    settled_at = NOW if "exact" in kinds else None
    [sentence] = entry_faults(
        Booked(cost_nanos=0, settled_at=settled_at), [entry(kind, 0, 0) for kind in kinds]
    )
    assert sentence == f"its entries are not in the order in which charges are booked: {', '.join(kinds)}"


def test_a_charge_without_entries_is_found() -> None:
    assert entry_faults(Booked(cost_nanos=0, settled_at=None), []) == ["it was booked without an entry"]


def test_amounts_are_told_as_amounts() -> None:
    entries = [entry("estimate", 15_000_000, 15_000_000), entry("estimate", 5_000_000, 21_000_000)]
    assert entry_faults(Booked(cost_nanos=21_000_000, settled_at=None), entries) == [
        "its entries come to 0.02 with the one in place 2, which says 0.021",
        "its entries come to 0.02, and it costs 0.021",
    ]
