"""Orders by time, cost and duration: exact, complete, with cursors that are good for one order."""

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from services.common.errors import InvalidInput
from services.ledger import tables
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, OrderName, Place
from services.ledger.store.charge_pages import list_charges
from tests.support.ledger_books import DAY_S, record_batch
from tests.support.ledger_facts import CUSTOMER, OURS, at, leg, message, message_record, record

EVERYTHING = ChargeFilter()
OTHERS = "+12025550177"
KEYS: dict[str, tuple[str, bool]] = {
    "newest": ("billing_date", True),
    "oldest": ("billing_date", False),
    "dearest": ("cost_nanos", True),
    "cheapest": ("cost_nanos", False),
    "longest": ("duration", True),
    "shortest": ("duration", False),
}
FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "call"},
    {"kind": "sms"},
    {"kind": "other"},
    {"direction": "inbound"},
    {"direction": "outbound"},
    {"kind": "call", "direction": "inbound"},
    {"kind": "other", "direction": "outbound"},
    {"status": "estimated"},
    {"status": "exact", "kind": "call"},
    {"phone_number": OURS},
    {"phone_number": OTHERS, "status": "estimated"},
    {"phone_number": OURS, "kind": "sms", "direction": "outbound", "status": "exact"},
    {"phone_number": "+12025550199"},
    {"from_at": at(0), "to_at": at(1.2 * DAY_S)},
    {"from_at": at(0.9 * DAY_S)},
    {"to_at": at(0.4 * DAY_S), "kind": "call"},
    {"from_at": at(60), "to_at": at(60)},
)


def facts_of_all_kinds() -> list[Any]:
    """Charges with ties in every key: two days full of calls and messages, and a few long before and after."""
    random = Random(5)
    facts: list[Any] = []
    for number in range(60):
        at_s = random.choice([-40 * DAY_S, 30 * DAY_S, *range(0, 2 * DAY_S, 7200)])
        ours, cost = random.choice([OURS, OTHERS]), f"0.00{random.randint(1, 5)}"
        inbound = random.random() < 0.5
        parties = {
            "direction": "inbound" if inbound else "outbound",
            "from_number": CUSTOMER if inbound else ours,
            "to_number": ours if inbound else CUSTOMER,
        }
        call = leg(str(number), str(number))
        length_s = random.choice([30, 60, 90])
        match number % 4:
            case 0:
                facts.append(call.hangup(at_s + length_s, started_at=at(at_s), **parties))
            case 1:
                facts.append(call.hangup(at_s + length_s, started_at=at(at_s), **parties))
                facts += [
                    call.record(name, cost, at_s, **parties) for name in ("sip-trunking", "call-control")
                ]
            case 2:
                received = "message.received" if inbound else "message.finalized"
                facts += [message(str(number), received, None, at_s), message_record(str(number), cost, at_s)]
            case _:
                facts.append(record("inference", cost, at_s, record_id=str(number), **parties))
    return facts


@pytest.fixture
def filled(book: Book) -> Book:
    record_batch(book, facts_of_all_kinds())
    return book


def page(
    book: Book, wanted: ChargeFilter, order: OrderName, size: int, cursor: str = ""
) -> tuple[list[Any], str]:
    return book.database.read(lambda connection: list_charges(connection, wanted, size, cursor, order))


def all_pages(book: Book, wanted: ChargeFilter, order: OrderName, size: int) -> list[Any]:
    rows, cursor = page(book, wanted, order, size)
    while cursor:
        more, cursor = page(book, wanted, order, size, cursor)
        assert more
        rows += more
    return rows


def _matches(row: Any, wanted: ChargeFilter) -> bool:
    return (
        (wanted.kind in (None, row.record_type))
        and (wanted.direction is None or (row.direction == wanted.direction and row.record_type != "other"))
        and (wanted.status in (None, row.status))
        and (wanted.phone_number in (None, row.phone_number))
        and (wanted.from_at is None or row.billing_date >= wanted.from_at)
        and (wanted.to_at is None or row.billing_date < wanted.to_at)
    )


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_of_every_filter_is_complete_and_exact(filled: Book, order: OrderName) -> None:
    everything, _ = page(filled, EVERYTHING, "newest", 1000)
    assert len(everything) == 60
    column, is_descending = KEYS[order]
    for fields in FILTERS:
        wanted = ChargeFilter(**fields)
        expected = sorted(
            (row for row in everything if _matches(row, wanted)),
            key=lambda row: (getattr(row, column), row.id),
            reverse=is_descending,
        )
        for size in (7, 1000):
            assert all_pages(filled, wanted, order, size) == expected, (wanted, size)


@pytest.mark.parametrize("order", ORDERS)
def test_a_large_book_is_walked_as_a_small_one_is_sorted(
    filled: Book, order: OrderName, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_pages = [all_pages(filled, ChargeFilter(**fields), order, 4) for fields in FILTERS]
    # As if there were so many that nothing could be sorted.
    monkeypatch.setattr("services.ledger.store.charge_walks._to_sort", lambda *_: 10**9)
    assert [all_pages(filled, ChargeFilter(**fields), order, 4) for fields in FILTERS] == sorted_pages


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("least", [0, 5, 25, 1000])
def test_what_is_tried_first_changes_no_page(
    filled: Book, order: OrderName, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorted_pages = [all_pages(filled, ChargeFilter(**fields), order, 4) for fields in FILTERS]
    # As if there were so many that a try is always worth it: in vain if it reaches as far as `least` and no farther.
    monkeypatch.setattr("services.ledger.store.charge_walks._to_sort", lambda *_: 10**9)
    monkeypatch.setattr("services.ledger.store.amount_tries._LEAST", least)
    monkeypatch.setattr("services.ledger.store.amount_tries._LEEWAY", 0)
    assert [all_pages(filled, ChargeFilter(**fields), order, 4) for fields in FILTERS] == sorted_pages


def test_a_cursor_is_good_for_its_own_order_alone(filled: Book) -> None:
    for order in ORDERS:
        _, cursor = page(filled, EVERYTHING, order, 5)
        for other in ORDERS:
            if other != order:
                with pytest.raises(InvalidInput) as refused:
                    page(filled, EVERYTHING, other, 5, cursor)
                assert refused.value.field == "cursor"


@pytest.mark.parametrize("order", ORDERS)
def test_a_place_beyond_everything_gives_an_empty_page(filled: Book, order: OrderName) -> None:
    by_time = ORDERS[order].is_by_time
    descending = ORDERS[order].is_descending
    beyond: Any = (
        at(-9000 * DAY_S if descending else 9000 * DAY_S) if by_time else (-1 if descending else 2**62)
    )
    cursor = ORDERS[order].write_cursor(Place(beyond, 1))
    for fields in FILTERS:
        assert page(filled, ChargeFilter(**fields), order, 5, cursor) == ([], "")


@pytest.mark.parametrize("order", ["dearest", "longest"])
def test_rows_that_change_between_pages_move_and_nothing_else_is_lost(filled: Book, order: OrderName) -> None:
    before = [row.id for row in all_pages(filled, EVERYTHING, order, 1000)]
    first, cursor = page(filled, EVERYTHING, order, 20)
    moved, table = {before[3], before[40]}, tables.billing
    to_the_end = update(table).where(table.c.id.in_(moved)).values(cost_nanos=-5, duration=0)
    filled.database.write(lambda connection: connection.execute(to_the_end))
    seen = [row.id for row in first]
    while cursor:
        rows, cursor = page(filled, EVERYTHING, order, 9, cursor)
        seen += [row.id for row in rows]
    assert set(seen) == set(before)
    assert [row_id for row_id in seen if row_id not in moved] == [i for i in before if i not in moved]


def test_a_call_that_moves_to_an_earlier_day_comes_once_more_and_the_others_once(filled: Book) -> None:
    call = leg("mover", "mover")
    record_batch(filled, [call.hangup(31 * DAY_S, started_at=at(31 * DAY_S - 60))])
    first, cursor = page(filled, EVERYTHING, "newest", 10)
    assert first[0].record_id == call.call_control_id
    record_batch(filled, [call.record("sip-trunking", "0.005", -50 * DAY_S)])
    seen = [row.record_id for row in first]
    while cursor:
        rows, cursor = page(filled, EVERYTHING, "newest", 10, cursor)
        seen += [row.record_id for row in rows]
    assert (len(seen), len(set(seen)), seen[-1]) == (62, 61, call.call_control_id)


def test_ties_are_broken_by_id_in_the_direction_of_the_order(filled: Book) -> None:
    for order, (column, is_descending) in KEYS.items():
        rows = all_pages(filled, EVERYTHING, order, 3)  # type: ignore[arg-type]
        ties = [(a, b) for a, b in pairwise(rows) if getattr(a, column) == getattr(b, column)]
        assert ties
        assert all((a.id > b.id) == is_descending for a, b in ties)
