"""A SQLite file that may not grow: nothing acknowledged is lost, and what was refused is taken once there is room."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from services.common.alarms import raised_alarms
from services.common.database import Database
from services.common.errors import DiskFull
from services.ledger.intake import booker as booker_room
from services.ledger.intake import intake as intake_room
from services.ledger.intake.intake import Intake, open_intake
from services.ledger.store.book import Book
from tests.support.databases import Databases
from tests.support.intakes import many_hangups, take_in
from tests.support.ledger_books import listed_charges, open_book
from tests.support.waiting import until

MANY = 200
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_room, "_ROOM_PAUSE_S", 0.05)
    monkeypatch.setattr(booker_room, "_LONGEST_BACKOFF_S", 0.1)


@pytest.fixture
def book(databases: Databases) -> Iterator[Book]:
    with open_book(databases, "sqlite") as (book, _):
        yield book


@contextmanager
def full(database: Database) -> Iterator[None]:
    """Let the file of a database have no page more than it has."""
    _limit_pages(database, "1")
    try:
        yield
    finally:
        _limit_pages(database, "1073741823")


def _limit_pages(database: Database, count: str) -> None:
    with database.writer.connect() as connection:
        connection.execute(text(f"PRAGMA max_page_count = {count}"))


def intake_database(intake: Intake) -> Database:
    return intake._store._database


def alarms() -> list[str]:
    return [alarm.name for alarm in raised_alarms()]


async def test_what_is_refused_for_want_of_room_is_taken_once_there_is_some(book: Book) -> None:
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
        with full(intake_database(intake)), full(book.database):
            for _ in range(2):
                with pytest.raises(DiskFull) as raised:
                    await take_in(intake, many_hangups(MANY))
                assert raised.value.retry_after_s > 0
            assert alarms() == ["disk_full"]
            assert listed_charges(book.database) == {}
        await until(lambda: not intake.room.is_short)
        assert alarms() == []
        await take_in(intake, many_hangups(MANY))
        await intake.caught_up(PATIENCE_S)
    assert len(listed_charges(book.database)) == MANY


async def test_what_was_acknowledged_before_the_book_was_full_is_booked_once_there_is_room(
    book: Book,
) -> None:
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
        with full(book.database):
            assert await take_in(intake, many_hangups(MANY)) == 0
            await until(lambda: intake.room.is_short)
            with pytest.raises(DiskFull):
                await intake.caught_up(PATIENCE_S)
            with pytest.raises(DiskFull):
                await take_in(intake, many_hangups(1, "later"))
            assert alarms() == ["disk_full"]
        await until(lambda: not intake.room.is_short)
        await intake.caught_up(PATIENCE_S)
        assert alarms() == []
    assert len(listed_charges(book.database)) == MANY
