"""Listing charges: newest first, by keyset, filtered."""

import base64
from datetime import timedelta

import msgspec
import pytest

from services.common.errors import InvalidInput
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_pages import list_charges
from tests.support.ledger_books import DAY_S, record_all
from tests.support.ledger_facts import CUSTOMER, OURS, at, fixed_id, leg, message, message_record, record

EVERYTHING = ChargeFilter()


def page(book: Book, size: int, cursor: str = "", wanted: ChargeFilter = EVERYTHING) -> tuple[list[str], str]:
    """(record ids, next cursor)"""
    rows, following = book.database.read(lambda connection: list_charges(connection, wanted, size, cursor))
    return [row.record_id for row in rows], following


def pages(book: Book, size: int, wanted: ChargeFilter = EVERYTHING) -> list[str]:
    """All record ids, page by page."""
    ids, cursor = page(book, size, "", wanted)
    while cursor:
        more, cursor = page(book, size, cursor, wanted)
        ids += more
    return ids


def others(book: Book, *times_s: float) -> list[str]:
    """Record charges of no call at these times; gives their record ids."""
    records = [
        record("inference", "0.001", at_s, record_id=f"{at_s}-{number}")
        for number, at_s in enumerate(times_s)
    ]
    record_all(book, records)
    return [f"inference:{item.record_id}" for item in records]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_every_charge_is_on_exactly_one_page_newest_first(book: Book, size: int) -> None:
    ids = others(book, 10, 40, 20, 30, 0, 50, 60)
    assert pages(book, size) == [ids[number] for number in (6, 5, 1, 3, 2, 0, 4)]


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ties_in_time_lose_and_repeat_nothing(book: Book, size: int) -> None:
    ids = others(book, *[7] * 9)
    assert pages(book, size) == ids[::-1]


def test_what_is_inserted_meanwhile_moves_no_page(book: Book) -> None:
    others(book, *range(0, 100, 10))
    first, cursor = page(book, 4)
    others(book, 95, 65, 65, 500)
    others(book, 5)
    rest = []
    while cursor:
        more, cursor = page(book, 4, cursor)
        rest += more
    seen = [float(record_id.split(":")[1].split("-")[0]) for record_id in first + rest]
    assert seen == [90, 80, 70, 60, 50, 40, 30, 20, 10, 5, 0]


def test_a_page_that_is_just_full_has_no_successor(book: Book) -> None:
    others(book, 1, 2, 3)
    ids, cursor = page(book, 3)
    assert (len(ids), cursor) == (3, "")


def test_filters(book: Book) -> None:
    outbound, inbound = leg("out", "out"), leg("in", "in")
    parties = {"from_number": CUSTOMER, "to_number": "+12025550177", "direction": "inbound"}
    record_all(
        book,
        [
            outbound.hangup(60),
            inbound.hangup(60, started_at=at(DAY_S), **parties),
            message("sms", total="0.0051", at_s=2 * DAY_S),
            message_record("sms", "0.0051", at_s=2 * DAY_S),
            record("inference", "0.001", 3 * DAY_S, record_id="one", from_number="", to_number=""),
        ],
    )
    calls = [inbound.call_control_id, outbound.call_control_id]
    sms, other = fixed_id("message sms"), "inference:one"
    cases = [
        (ChargeFilter(kind="call"), calls),
        (ChargeFilter(kind="sms"), [sms]),
        (ChargeFilter(kind="other"), [other]),
        (ChargeFilter(status="estimated"), calls),
        (ChargeFilter(status="exact"), [other, sms]),
        (ChargeFilter(phone_number=OURS), [sms, calls[1]]),
        (ChargeFilter(phone_number="+12025550177"), calls[:1]),
        (ChargeFilter(phone_number=CUSTOMER), []),
        (ChargeFilter(from_at=at(DAY_S), to_at=at(3 * DAY_S)), [sms, calls[0]]),
        (ChargeFilter(from_at=at(DAY_S) + timedelta(microseconds=1)), [other, sms]),
        (ChargeFilter(to_at=at(DAY_S)), calls[1:]),
        (ChargeFilter(from_at=at(DAY_S), kind="call", status="estimated"), calls[:1]),
    ]
    for wanted, ids in cases:
        assert pages(book, 1, wanted) == ids, wanted


def test_a_cursor_carries_no_filter_and_works_with_any(book: Book) -> None:
    ids = others(book, 1, 2, 3, 4)
    _, cursor = page(book, 2)
    assert page(book, 10, cursor, ChargeFilter(from_at=at(2)))[0] == [ids[1]]


@pytest.mark.parametrize("cursor", ["x", "!!!!", "AAAA", "a" * 500, "kgEC0", "ks8AAAAAAAAAAA", "é"])
def test_what_is_no_cursor_of_ours_is_refused(book: Book, cursor: str) -> None:
    others(book, 1, 2)
    with pytest.raises(InvalidInput) as refused:
        page(book, 1, cursor)
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("place", [(2**62, 1), (-(2**62), 1), (0, 2**63), (0, -1), (1, 2, 3), ("1", 2)])
def test_a_forged_cursor_is_refused_too(book: Book, place: object) -> None:
    forged = base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()
    with pytest.raises(InvalidInput):
        page(book, 1, forged)
