"""What the book cannot take: it is named, counted and kept, and all else is booked. On both stores."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.common.errors import DiskFull
from services.common.money import MAX_NANOS, Money
from services.ledger import tables
from services.ledger.intake import refused_records as refused_room
from services.ledger.intake.intake import Intake, open_intake
from services.ledger.intake.refused_records import KEPT_ASIDE
from services.ledger.record_booking import RecordBooking
from services.ledger.store.book import Book
from services.ledger.store.deriving import rederive
from services.ledger.store.sweep_weights import unapplied_sweeps
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.intakes import NEVER_AT_ONCE, many_hangups, refused_event, take_in
from tests.support.ledger_books import listed_charges, record_all, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import leg, message_record

PATIENCE_S = 60.0


def poison_record() -> DetailRecord:
    """A record of whose session the book cannot hold the sum."""
    return replace(message_record("poison"), cost=Money("USD", MAX_NANOS + 1))


def clusters_of(book: Book) -> list[int]:
    query = select(tables.clusters.c.id).order_by(tables.clusters.c.id)
    return list(book.database.read(lambda connection: connection.scalars(query).all()))


async def faults(intake: Intake) -> dict[str, tuple[int, str]]:
    """(count, example) by kind of what was refused."""
    told = await intake.refused_faults()
    assert {fault.reason for fault in told} <= {KEPT_ASIDE}
    return {fault.kind: (fault.count, fault.example_id) for fault in told}


async def test_a_poison_event_among_few_is_kept_and_the_others_are_booked(book: Book) -> None:
    good, bad = many_hangups(5), refused_event()
    async with open_intake(book) as intake:
        assert await take_in(intake, [*good[:2], bad, *good[2:]]) == 0
        await intake.caught_up(PATIENCE_S)
        assert len(listed_charges(book.database)) == len(good)
        assert await take_in(intake, many_hangups(3, "later")) == 3
        assert await faults(intake) == {"webhook": (1, bad.event_id)}
    await asyncio.to_thread(assert_book_is_consistent, book)


async def test_what_the_process_lacks_is_not_blamed_on_an_event(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks: list[Exception] = [MemoryError(), OSError(24, "Too many open files"), DiskFull("no room")]
    record_events = Book.record_events

    def starved(of: Book, batch: list[Any]) -> int:
        if lacks:
            raise lacks.pop()
        return record_events(of, batch)

    async with open_intake(book, NEVER_AT_ONCE) as intake:
        monkeypatch.setattr(Book, "record_events", starved)
        await take_in(intake, many_hangups(1))
        await intake._backlog.until(lambda: intake._backlog.is_empty)
        assert await faults(intake) == {}
        assert not intake.room.is_short
    assert len(listed_charges(book.database)) == 1


async def test_a_poison_record_is_kept_and_the_others_are_booked(
    book: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = [message_record(str(number)) for number in range(9)], poison_record()
    async with open_intake(book) as intake:
        booking = RecordBooking(book, intake.refused_records)
        for new_count in (9, 0):
            assert (await booking.book([*good[:4], bad, *good[4:]])).new_count == new_count
        assert await faults(intake) == {"messaging": (1, bad.record_id)}
        await booking.try_again()
        assert await intake.refused_records.all() == [bad]
    assert bad.record_id in capsys.readouterr().out
    assert len(listed_charges(book.database)) == len(good)
    await asyncio.to_thread(assert_book_is_consistent, book)


async def test_a_record_that_a_defect_refused_is_booked_by_a_ledger_without_it(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = message_record("good"), replace(message_record("bad"), raw=b"raw")

    def broken(of: Book, batch: list[DetailRecord]) -> Any:
        if bad in batch:
            raise RuntimeError("a defect")
        return record_observations(of, batch)

    record_observations = Book.record_observations
    async with open_intake(book) as intake:
        booking = RecordBooking(book, intake.refused_records)
        with monkeypatch.context() as patch:
            patch.setattr(Book, "record_observations", broken)
            await booking.book([bad, good])
        assert len(listed_charges(book.database)) == 1
        assert await intake.refused_records.drop_raw_texts(book.clock.now()) == 0
    async with open_intake(book) as intake:
        await RecordBooking(book, intake.refused_records).try_again()
        assert await intake.refused_records.all() == []
    assert len(listed_charges(book.database)) == 2


async def test_refused_records_have_a_limit(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_room, "_MOST_KEPT", 3)
    bad = [replace(poison_record(), record_id=f"poison {number}") for number in range(5)]
    async with open_intake(book) as intake:
        booking = RecordBooking(book, intake.refused_records)
        await booking.book(bad[:2])
        await booking.book(bad)
        assert len(await intake.refused_records.all()) == 3


def test_a_call_that_cannot_be_derived_keeps_no_sweep_from_closing_others(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [leg(f"call {number}", f"session {number}") for number in range(4)]
    record_all(book, [call.hangup(cause="user_busy") for call in calls])
    poisoned, *others = clusters_of(book)
    derived: set[int] = set()

    def broken(connection: Connection, cluster_ids: Collection[int], *rest: Any) -> int:
        if poisoned in cluster_ids:
            raise RuntimeError("a defect")
        derived.update(cluster_ids)
        return rederive(connection, cluster_ids, *rest)

    monkeypatch.setattr("services.ledger.store.book.rederive", broken)
    record_all(book, [sweep("sip-trunking", 0), usage("sip-trunking", {-1: "0", 0: "0", 1: "0"})])
    assert derived == set(others)
    assert book.database.read(unapplied_sweeps) == []
