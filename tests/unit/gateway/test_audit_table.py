"""The table of an audit: where each line stands, and what the sums add up."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.audit.audit_lines import LineView
from gateway.pages.audit.audit_table import audit_table
from gateway.pages.audit.verdict_words import VERDICT_WORDS
from services.common.money import Money

DAY = date(2026, 11, 20)


def line(
    column: str, book: int, reported: int | None = None, *, day: date = DAY, currency: str = "USD"
) -> LineView:
    return LineView(
        anchor=f"{day}-{column}-{currency}",
        day=day,
        column=column,
        product=column.title(),
        term=column,
        verdict=VERDICT_WORDS["open" if reported is None else "equal"],
        currency=currency,
        book=Money(currency, book),
        reported=None if reported is None else Money(currency, reported),
        difference=None if reported is None else Money(currency, book - reported),
        decimals=4,
        reported_at=None,
        record_count=1,
        reason="",
        causes=(),
    )


def test_the_dearest_product_comes_first_and_the_newest_day() -> None:
    lines = [line("a", 1, 1), line("b", 5, 5, day=DAY - timedelta(days=1)), line("c", 3)]
    table = audit_table(lines, "USD")
    assert [column.key for column in table.columns] == ["b", "c", "a"]
    assert [row.day for row in table.rows] == [DAY, DAY - timedelta(days=1)]
    assert [[len(cell) for cell in row.cells] for row in table.rows] == [[0, 1, 1], [1, 0, 0]]


def test_a_product_that_only_telnyx_knows_counts_with_what_telnyx_says() -> None:
    table = audit_table([line("known", 5, 5), line("unknown", 0, 9)], "USD")
    assert [column.key for column in table.columns] == ["unknown", "known"]


def test_sums_leave_out_what_is_not_told_and_other_currencies() -> None:
    table = audit_table([line("a", 7, 5), line("b", 2), line("a", 100, 1, currency="EUR")], "USD")
    book, telnyx, difference = table.sums
    assert (book.label, telnyx.label, difference.label) == ("The book", "Telnyx", "Difference")
    assert book.total == Money("USD", 9)
    assert (telnyx.total, difference.total) == (Money("USD", 5), Money("USD", 2))
    assert [cell and cell.nanos for cell in telnyx.cells] == [5, None]
    assert table.rows[0].book == Money("USD", 9)
    assert len(table.rows[0].cells[0]) == 2


def test_two_products_of_the_same_cost_keep_their_order_by_name() -> None:
    assert [column.key for column in audit_table([line("b", 1), line("a", 1)], "USD").columns] == ["a", "b"]


LINES = st.lists(
    st.builds(
        lambda column, book, reported, back: line(column, book, reported, day=DAY - timedelta(days=back)),
        st.sampled_from(["a", "b", "c"]),
        st.integers(-(10**12), 10**12),
        st.none() | st.integers(-(10**12), 10**12),
        st.integers(0, 4),
    ),
    max_size=30,
)


@given(LINES)
def test_nothing_is_lost_on_the_way_into_the_table(lines: list[LineView]) -> None:
    table = audit_table(lines, "USD")
    in_cells = [each for row in table.rows for cell in row.cells for each in cell]
    assert sorted(map(id, in_cells)) == sorted(map(id, lines))
    book, telnyx, difference = table.sums
    assert sum(row.book.nanos for row in table.rows) == book.total.nanos
    for sums in table.sums:
        assert sum(cell.nanos for cell in sums.cells if cell) == sums.total.nanos
    reported = sum(each.book.nanos for each in lines if each.reported)
    assert difference.total.nanos == reported - telnyx.total.nanos
