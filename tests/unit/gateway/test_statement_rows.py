"""A statement as rows: each balance follows from the one before, and what does not fit is shown."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.balance.statement_rows import KIND_WORDS, Movement, statement_rows
from services.common.money import Money

MOVEMENTS = st.lists(
    st.builds(
        lambda kind, nanos: Movement(kind=kind, amount=Money("USD", nanos)),
        st.sampled_from(sorted(KIND_WORDS)),
        st.integers(-(10**12), 10**12),
    ),
    max_size=12,
)


@given(st.integers(-(10**12), 10**12), MOVEMENTS)
def test_opening_and_movements_are_the_closing_balance(opening: int, movements: list[Movement]) -> None:
    closing = Money("USD", opening + sum(movement.amount.nanos for movement in movements))
    rows = statement_rows(Money("USD", opening), movements, closing)
    assert rows.agrees
    assert rows.moved.nanos == closing.nanos - opening
    assert [row.movement for row in rows.rows] == movements
    before = opening
    for row in rows.rows:
        assert row.after.nanos - before == row.movement.amount.nanos
        before = row.after.nanos
    unexplained = [each.amount.nanos for each in movements if each.kind == "unexplained"]
    assert rows.rest.nanos == sum(unexplained)


@given(st.integers(-(10**12), 10**12), MOVEMENTS, st.integers(1, 10**12))
def test_what_does_not_add_up_is_told(opening: int, movements: list[Movement], off_by: int) -> None:
    closing = Money("USD", opening + sum(movement.amount.nanos for movement in movements) + off_by)
    assert not statement_rows(Money("USD", opening), movements, closing).agrees


def test_another_currency_is_in_no_sum() -> None:
    movements = [
        Movement(kind="usage", amount=Money("USD", -3)),
        Movement(kind="usage", amount=Money("EUR", -5)),
    ]
    rows = statement_rows(Money("USD", 10), movements, Money("USD", 7))
    assert rows.agrees
    assert len(rows.rows) == 1
