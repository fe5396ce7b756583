"""Every question of the page and of REST is answered by an index: a book of years costs no more than one of days.

SQLite is asked how it means to answer. What it walks must be narrow, and what it sorts must be counted first; which of
two ways is taken is decided by the counts of a book with a million charges, told here by rollups alone.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from services.ledger import tables
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS, OrderName, Place
from services.ledger.store.charge_pages import list_charges
from services.ledger.store.sum_rows import Grouping
from services.ledger.store.summaries import summarize
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_batch
from tests.support.ledger_facts import OURS, at, leg, message, record
from tests.support.query_plans import Plans

DAYS = 365
NEWEST = date(2026, 11, 20)
BUSY = {"call_inbound": 900, "call_outbound": 1000, "sms_inbound": 400, "sms_outbound": 437}
"""Charges of a day; of `other` there is one each tenth day."""

FIELDS: tuple[dict[str, Any], ...] = (
    {},
    {"kind": "call"},
    {"kind": "sms", "direction": "inbound"},
    {"kind": "other"},
    {"direction": "outbound"},
    {"status": "estimated"},
    {"status": "exact"},
    {"phone_number": OURS},
    {"phone_number": OURS, "kind": "other"},
    {"phone_number": OURS, "status": "estimated"},
    {"phone_number": OURS, "kind": "sms", "direction": "outbound", "status": "exact"},
)
RANGES: tuple[dict[str, Any], ...] = (
    {},
    {"from_at": at(-30 * 86_400)},
    {"from_at": at(-300.3 * 86_400), "to_at": at(-290.4 * 86_400)},
    {"from_at": at(-200 * 86_400), "to_at": at(-3600)},
)
TEXTS = ("+12025550131", OURS, leg("one").leg_id)
GROUPINGS: tuple[Grouping | None, ...] = (
    *(None, "day", "number", "recordType"),
    *("part", "dayAndPart", "weekAndPart", "monthAndPart"),
)


@pytest.fixture(scope="module")
def counted(databases: Databases) -> Iterable[Book]:
    """A SQLite book with a handful of charges, whose rollups tell of a million."""
    with open_book(databases, "sqlite") as (book, _):
        record_batch(
            book, [leg("one").hangup(60), message("two", total="0.005"), record("inference", "0.001")]
        )
        book.database.write(_tell_of_a_million)
        yield book


def _tell_of_a_million(connection: Connection) -> None:
    days = [NEWEST - timedelta(days=number) for number in range(1, DAYS)]
    rows = [
        {"day": day, "record_type": name, "charge_count": count, "exact_count": count}
        for number, day in enumerate(days)
        for name, count in (*BUSY.items(), *([("other", 1)] if number % 10 == 0 else []))
    ]
    # In a book that is settled but for three.
    rows += [{"day": days[40], "record_type": "call_inbound", "charge_count": 3, "exact_count": 0, "slot": 1}]
    known = {"currency": "USD", "slot": 0, "cost_nanos": 1, "exact_nanos": 1}
    connection.execute(insert(tables.day_rollups), [{"part": "", **known, **row} for row in rows])
    connection.execute(
        insert(tables.number_rollups), [{"phone_number": OURS, **known, **row} for row in rows]
    )


def _assert_narrow(plan: str, question: object) -> None:
    """Nothing is read from end to end but the sums, and the index that has the estimated charges alone."""
    for scanned in re.findall(r"SCAN ([^']+)", plan):
        is_narrow = scanned == "telnyx_billing USING COVERING INDEX ix_telnyx_billing_estimated"
        assert is_narrow or re.match(
            r"(day_rollups|number_rollups|numbers|anon_\d+|tried|json_each)\b", scanned
        ), (
            question,
            plan,
        )


def _page(connection: Connection, wanted: ChargeFilter, order: OrderName, place: Place | None) -> object:
    return list_charges(connection, wanted, 50, ORDERS[order].write_cursor(place) if place else "", order)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("fields", FIELDS, ids=str)
def test_no_page_reads_the_whole_book(counted: Book, fields: dict[str, Any], order: OrderName) -> None:
    key = {"newest": at(-5000), "oldest": at(-5000)}.get(order, 5)
    for span, place in product(RANGES, (None, Place(key, 7))):
        wanted = ChargeFilter(**fields, **span)
        plan = Plans(counted.database).of(partial(_page, wanted=wanted, order=order, place=place))
        _assert_narrow(plan, (wanted, order, place))
        if ORDERS[order].is_by_time:
            pages = [step for step in plan.splitlines() if "ix_telnyx_billing" in step]
            assert all("COVERING" in step for step in pages), plan


CHOICES: tuple[tuple[dict[str, Any], OrderName, str], ...] = (
    # A day is sorted, a year is walked, and so is what is most of a year.
    ({"from_at": at(-1 * 86_400)}, "dearest", "ix_telnyx_billing_date"),
    ({}, "dearest", "ix_telnyx_billing_cost"),
    ({}, "shortest", "ix_telnyx_billing_duration"),
    ({"from_at": at(-200 * 86_400)}, "longest", "ix_telnyx_billing_duration"),
    ({"kind": "call", "from_at": at(-1 * 86_400)}, "cheapest", "ix_telnyx_billing_date"),
    # The few of a type are found among their own, those of a number among the number's.
    ({"kind": "other"}, "dearest", "ix_telnyx_billing_cost"),
    ({"kind": "other", "phone_number": OURS}, "dearest", "ix_telnyx_billing_cost"),
    ({"phone_number": OURS, "from_at": at(-1 * 86_400)}, "dearest", "ix_telnyx_billing_number"),
    ({"phone_number": OURS}, "newest", "ix_telnyx_billing_number"),
    ({"status": "estimated"}, "dearest", "ix_telnyx_billing_estimated"),
    ({"status": "estimated", "phone_number": OURS}, "oldest", "ix_telnyx_billing_estimated"),
    ({"text": "+12025550131"}, "cheapest", "ix_telnyx_billing_contact"),
)


@pytest.mark.parametrize(("fields", "order", "index"), CHOICES, ids=str)
def test_the_way_that_reads_less_is_taken(
    counted: Book, fields: dict[str, Any], order: OrderName, index: str
) -> None:
    wanted = ChargeFilter(**fields)
    plan = Plans(counted.database).of(partial(_page, wanted=wanted, order=order, place=None))
    assert set(re.findall(r"ix_telnyx_billing_(?!cluster)\w+", plan)) == {index}, plan


def test_of_a_month_the_beginning_of_the_order_is_read_and_not_the_whole_month(counted: Book) -> None:
    wanted = ChargeFilter(kind="call", from_at=at(-30 * 86_400))
    plan = Plans(counted.database).of(partial(_page, wanted=wanted, order="dearest", place=None))
    assert set(re.findall(r"ix_telnyx_billing_(\w+)", plan)) == {"cost"}


def test_days_without_a_match_are_passed_over(counted: Book) -> None:
    plan = Plans(counted.database).of(
        partial(_page, wanted=ChargeFilter(kind="other"), order="newest", place=None)
    )
    # One charge of no call each tenth day: each of those days is a walk of its own.
    assert plan.count("ix_telnyx_billing_date") == len(range(0, DAYS - 1, 10))


@pytest.mark.parametrize("text", TEXTS)
def test_numbers_and_ids_are_found_by_index(counted: Book, text: str) -> None:
    plans = Plans(counted.database)
    for fields in FIELDS:
        wanted = ChargeFilter(**fields, text=text)
        for order in ("newest", "dearest"):
            _assert_narrow(plans.of(partial(_page, wanted=wanted, order=order, place=None)), wanted)
        for grouping in GROUPINGS:
            _assert_narrow(plans.of(partial(summarize, wanted=wanted, grouping=grouping)), wanted)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_no_sum_reads_the_whole_book(counted: Book, grouping: Grouping | None) -> None:
    for fields, span in product(FIELDS, RANGES):
        wanted = ChargeFilter(**fields, **span)
        _assert_narrow(
            Plans(counted.database).of(partial(summarize, wanted=wanted, grouping=grouping)), wanted
        )
