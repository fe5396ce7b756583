"""From where the records of a day are booked: one source, the first."""

from datetime import date, timedelta

from services.common.times import utc_day
from services.ledger.store.book import Book
from services.ledger.store.book_days import list_book_days
from services.ledger.store.day_sources import Source, claim_day
from tests.support.clocks import ManualClock
from tests.support.ledger_books import record_all
from tests.support.ledger_facts import leg

_DAY = timedelta(days=1)


def claim(
    book: Book, clock: ManualClock, day: date, source: Source, record_type: str = "sip-trunking"
) -> str:
    """The claim that stands."""
    return book.database.write(
        lambda connection: claim_day(connection, record_type, day, source, clock.now())
    )


def told_source(book: Book, day: date) -> list[str | None]:
    """What the list of days says of it."""
    days = book.database.read(lambda connection: list_book_days(connection, day, day + _DAY, "USD"))
    return [one.source for one in days]


def test_the_first_claim_stands(book: Book, clock: ManualClock) -> None:
    day = date(2026, 9, 1)
    assert claim(book, clock, day, "report_without_ids") == "report_without_ids"
    assert claim(book, clock, day, "detail_records") == "report_without_ids"
    assert claim(book, clock, day, "report") == "report_without_ids"
    assert claim(book, clock, day, "report", "call-control") == "report"
    assert claim(book, clock, day + _DAY, "detail_records") == "detail_records"
    assert told_source(book, day) == ["report", "report_without_ids"]


def test_records_without_a_claim_came_from_the_api(book: Book, clock: ManualClock) -> None:
    record = leg().record("sip-trunking", "0.005")
    assert record.record_time is not None
    day = utc_day(record.record_time)
    record_all(book, [record])
    assert told_source(book, day) == ["detail_records"]
    assert claim(book, clock, day, "report", "messaging") == "report"
    assert claim(book, clock, day, "report") == "detail_records"
    assert claim(book, clock, day, "report_without_ids") == "detail_records"
    assert claim(book, clock, day + _DAY, "report") == "report"


def test_records_that_a_report_has_brought_leave_its_claim(book: Book, clock: ManualClock) -> None:
    record = leg().record("sip-trunking", "0.005")
    assert record.record_time is not None
    day = utc_day(record.record_time)
    assert claim(book, clock, day, "report") == "report"
    record_all(book, [record])
    assert claim(book, clock, day, "report") == "report"
    assert told_source(book, day) == ["report"]
