"""Exports on both stores: the lines of all pages are those that the listed rows make, cell by cell."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from services.common.errors import InvalidInput
from services.ledger import tables
from services.ledger.store import charge_exports
from services.ledger.store.book import Book
from services.ledger.store.charge_exports import export_page
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, OrderName
from services.ledger.store.charge_pages import list_charges
from tests.contract.ledger.test_charge_orders import FILTERS, facts_of_all_kinds
from tests.support import csv_oracle
from tests.support.ledger_books import record_batch
from tests.support.ledger_facts import OURS, at

EVERYTHING = ChargeFilter()
HOSTILE = (
    "=1+1",
    "+1202 5550100",
    "\t@x",
    'sip:"a";=1+1',
    "two\r\n-lines",
    "\x1f=1",
    "\u3000+1",
    "\ufeff\uff1d1",
    'O\'Brien, "Ann"',
    "Grüße 🙂",
    "+12\n",
    "-1.50",
)
NANOS = (0, -1, 1, -1_500_000_000, 10_000_000_000, 123_456_789, 2**62, -(2**62))


@pytest.fixture
def filled(book: Book) -> Book:
    record_batch(book, facts_of_all_kinds())
    return book


def exported(book: Book, wanted: ChargeFilter, order: OrderName) -> tuple[bytes, int]:
    """All lines, and in how many pages they came."""
    lines, place, count = b"", None, 0
    while True:
        page = book.database.read(
            lambda connection, place=place: export_page(connection, wanted, order, place),  # type: ignore[misc]
            at_one_moment=True,
        )
        lines, place, count = lines + b"".join(page.lines), page.end, count + 1
        if place is None:
            return lines, count


def listed(book: Book, wanted: ChargeFilter, order: OrderName) -> list[Any]:
    rows, cursor = book.database.read(
        lambda connection: list_charges(connection, wanted, 1000, "", order), at_one_moment=True
    )
    assert not cursor
    return rows


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_of_every_filter_comes_out_as_it_is_listed(
    filled: Book, order: OrderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page_size, slice_size in ((20_000, 2_000), (7, 3)):
        monkeypatch.setattr(charge_exports, "PAGE_SIZE", page_size)
        monkeypatch.setattr(charge_exports, "_SLICE_SIZE", slice_size)
        for fields in (*FILTERS, {"text": OURS}, {"text": "call to"}, {"text": "nobody"}):
            wanted = ChargeFilter(**fields)
            rows = listed(filled, wanted, order)
            lines, page_count = exported(filled, wanted, order)
            assert lines == csv_oracle.lines_of(rows), (wanted, page_size)
            assert page_count == len(rows) // page_size + 1


@pytest.mark.parametrize("order", ["dearest", "shortest"])
def test_a_large_book_is_exported_as_a_small_one_is(
    filled: Book, order: OrderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charge_exports, "PAGE_SIZE", 4)
    expected = [exported(filled, ChargeFilter(**fields), order) for fields in FILTERS]
    # As if there were so many that nothing could be sorted.
    monkeypatch.setattr("services.ledger.store.charge_walks._to_sort", lambda *_: 10**9)
    assert [exported(filled, ChargeFilter(**fields), order) for fields in FILTERS] == expected


def test_whatever_stands_in_the_book_comes_out_as_cell_by_cell(filled: Book) -> None:
    """Words that others wrote, amounts of every size, other currencies, moments to the microsecond."""
    table = tables.billing

    def spoil(connection: Any) -> None:
        ids = connection.execute(select(table.c.id).order_by(table.c.id)).scalars().all()
        for position, row_id in enumerate(ids):
            text = HOSTILE[position % len(HOSTILE)]
            changes = {
                "contact": text,
                "description": text[::-1],
                "source": text if position % 3 else "fallback",
                "cost_nanos": NANOS[position % len(NANOS)],
                "currency": ("USD", "EUR", "XTS")[position % 3],
                "billing_date": at(position * 1000) + timedelta(microseconds=(0, 1, 120_000)[position % 3]),
                "duration": position * 10**9,
                "direction": ("", "inbound", "outbound")[position % 3],
            }
            connection.execute(update(table).where(table.c.id == row_id).values(**changes))

    filled.database.write(spoil)
    rows = listed(filled, EVERYTHING, "oldest")
    assert exported(filled, EVERYTHING, "oldest") == (csv_oracle.lines_of(rows), 1)


@pytest.mark.parametrize("order", ["newest", "longest"])
def test_long_texts_make_short_pages_and_chunks(
    filled: Book, order: OrderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = listed(filled, EVERYTHING, order)
    monkeypatch.setattr(charge_exports, "_SLICE_SIZE", 10)
    monkeypatch.setattr(charge_exports, "_MOST_CHUNK_BYTES", 500)
    monkeypatch.setattr(charge_exports, "_MOST_PAGE_BYTES", 2_500)
    first = filled.database.read(lambda connection: export_page(connection, EVERYTHING, order, None))
    assert 5 < len(first.lines) < 60
    assert all(len(chunk) <= 500 and chunk.endswith(b"\r\n") for chunk in first.lines)
    lines, page_count = exported(filled, EVERYTHING, order)
    assert lines == csv_oracle.lines_of(rows)
    assert 1 < page_count < 20


def test_what_was_merged_away_is_not_exported(filled: Book) -> None:
    table = tables.billing
    rows = listed(filled, EVERYTHING, "newest")
    gone = update(table).where(table.c.id == rows[5].id).values(merged_into="another")
    filled.database.write(lambda connection: connection.execute(gone))
    assert exported(filled, EVERYTHING, "newest")[0] == csv_oracle.lines_of([*rows[:5], *rows[6:]])
    by_cost = [row.id for row in listed(filled, EVERYTHING, "dearest")]
    assert rows[5].id not in by_cost
    assert exported(filled, EVERYTHING, "dearest")[0].count(b"\r\n") == len(by_cost) == len(rows) - 1


def test_a_charge_that_moves_between_two_pages_moves_and_nothing_else_is_lost(
    filled: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charge_exports, "PAGE_SIZE", 20)
    before = listed(filled, EVERYTHING, "dearest")
    first = filled.database.read(lambda connection: export_page(connection, EVERYTHING, "dearest", None))
    table = tables.billing
    to_the_end = update(table).where(table.c.id == before[3].id).values(cost_nanos=-5)
    filled.database.write(lambda connection: connection.execute(to_the_end))
    place, rest = first.end, b""
    while place is not None:
        page = filled.database.read(
            lambda connection, place=place: export_page(connection, EVERYTHING, "dearest", place)  # type: ignore[misc]
        )
        place, rest = page.end, rest + b"".join(page.lines)
    moved = [row for row in listed(filled, EVERYTHING, "dearest") if row.id == before[3].id]
    assert b"".join(first.lines) == csv_oracle.lines_of(before[:20])
    assert rest == csv_oracle.lines_of([*before[20:], *moved])


def test_a_text_that_would_take_too_long_is_refused(filled: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.ledger.store.text_search.MOST_SEARCHED", 5)
    with pytest.raises(InvalidInput) as refused:
        exported(filled, ChargeFilter(text="call to"), "newest")
    assert refused.value.field == "text"
