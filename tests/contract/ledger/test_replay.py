"""Replaying kept events: the same path as live ones, and nothing comes of it."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import Any

import pytest

from services.common.errors import Unavailable
from services.ledger import replay
from services.ledger.replay import Replayed, Replayer
from services.ledger.store.book import Book
from tests.support.clocks import ManualClock
from tests.support.ledger_books import all_rows, record_all
from tests.support.ledger_facts import at, leg, message

CALL = leg()
EVENTS = [
    CALL.event("call.answered", 5, received_at=at(100)),
    CALL.hangup(65, received_at=at(101)),
    CALL.call_cost(70, {"sip-trunking": "0.01", "call-control": "0.004"}, received_at=at(101)),
    message("one", total="0.0051", received_at=at(50)),
    leg("old", "old").hangup(60, quarantined=True, received_at=at(900)),
    CALL.event("some.new.type", 80, session_id="", call_control_id="", leg_id="", received_at=at(102)),
]


def replayed(book: Book, from_at: datetime | None = None, to_at: datetime | None = None) -> list[Replayed]:
    async def run() -> list[Replayed]:
        return [told async for told in Replayer(book).replay(from_at, to_at)]

    return asyncio.run(run())


@pytest.fixture
def filled(book: Book, clock: ManualClock) -> Book:
    record_all(book, EVENTS)
    clock.advance(3600)
    return book


def test_nothing_comes_of_it(filled: Book) -> None:
    before = all_rows(filled.database)
    assert replayed(filled)[-1] == Replayed(6, 6, new_count=0, entry_count=0)
    assert all_rows(filled.database) == before


def test_an_empty_book_has_nothing_to_replay(book: Book) -> None:
    assert replayed(book) == [Replayed(0, 0)]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_each_event_is_replayed_once_in_the_order_of_receipt(
    filled: Book, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(replay, "_EVENTS_AT_ONCE", size)
    given: list[Any] = []
    record = Book.replay_events

    def note(book: Book, batch: list[Any]) -> Any:
        given.extend(batch)
        return record(book, batch)

    monkeypatch.setattr(Book, "replay_events", note)
    assert [told.done_count for told in replayed(filled)] == [*range(0, 6, size), 6]
    assert [event.received_at for event in given] == [at(50), at(100), at(101), at(101), at(102), at(900)]
    assert {event.event_id for event in given} == {event.event_id for event in EVENTS}


@pytest.mark.parametrize(
    ("from_s", "to_s", "count"),
    [
        (None, None, 6),
        (100, None, 5),
        (101, None, 4),
        (None, 101, 2),
        (101, 102, 2),
        (901, None, 0),
        (101, 101, 0),
    ],
)
def test_a_range_begins_with_its_first_moment_and_ends_before_its_last(
    filled: Book, from_s: float | None, to_s: float | None, count: int
) -> None:
    from_at, to_at = (None if seconds is None else at(seconds) for seconds in (from_s, to_s))
    told = replayed(filled, from_at, to_at)[-1]
    assert (told.done_count, told.total_count) == (count, count)


def test_what_live_events_cause_meanwhile_is_not_counted(
    filled: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "_EVENTS_AT_ONCE", 2)

    async def run() -> Replayed:
        async for told in Replayer(filled).replay(None, None):
            live = f"live {told.done_count}"
            filled.record_events([leg(live, live).hangup(60, received_at=at(120))])
        return told

    assert asyncio.run(run()) == Replayed(6, 6, new_count=0, entry_count=0)


def test_one_replay_at_a_time(filled: Book) -> None:
    async def run() -> None:
        replayer = Replayer(filled)
        async with aclosing(replayer.replay(None, None)) as first:
            await anext(first)
            with pytest.raises(Unavailable, match="being replayed already"):
                await anext(replayer.replay(None, None))
        assert (await anext(replayer.replay(None, None))).total_count == 6

    asyncio.run(run())


def test_the_entries_of_new_events_are_counted(book: Book) -> None:
    recorded = book.replay_events(EVENTS[:2])
    assert (recorded.new_count, recorded.entry_count) == (2, 1)
    assert book.replay_events(EVENTS[:2]).new_count == 0
