"""Taken in, then booked: the book ends as if every event had been booked at once, whatever happens in between."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import HealthCheck, given, seed, settings
from prometheus_client import REGISTRY

from services.common.database import open_database
from services.common.errors import Conflict, Unavailable
from services.common.migrations import migrate
from services.ledger.facts import Rules
from services.ledger.intake import backlog as backlog_room
from services.ledger.intake import intake as intake_room
from services.ledger.intake import leftovers as leftovers_room
from services.ledger.intake import tables
from services.ledger.intake.admission_rule import IntakeLimits
from services.ledger.intake.intake import MIGRATIONS, VERSION_TABLE, Intake, open_intake, open_intake_store
from services.ledger.intake.intake_store import IntakeRow, IntakeStore
from services.ledger.intake.requests import read_request, request_of
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.contract.ledger.arbitrary_deliveries import Deliveries, deliveries
from tests.support.clocks import ManualClock
from tests.support.databases import DatabaseKind, Databases
from tests.support.intakes import (
    NEVER_AT_ONCE,
    BookingGate,
    hangups,
    many_hangups,
    refused_event,
    take_in,
)
from tests.support.ledger_books import (
    empty_all_tables,
    listed_charges,
    migrate_ledger,
    open_book,
    record_batch,
)
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.waiting import until

PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no failure."""
    monkeypatch.setattr(intake_room, "_ROOM_PATIENCE_S", 60)
    monkeypatch.setattr(intake_room, "_DRAIN_S", 60)


async def assert_booked(book: Book, events: list[WebhookEvent]) -> None:
    """All of them are in the book, once."""
    assert differences(book_contents(book.database), expected_contents(events, book.rules)) == []
    await asyncio.to_thread(assert_book_is_consistent, book)


async def kept_rows(book: Book) -> list[IntakeRow]:
    """What the intake still has, read from outside."""
    async with open_intake_store(book) as store:
        return await store.claim_left(0, await store.last_id())


async def kept_events(book: Book) -> list[WebhookEvent]:
    return [event for row in await kept_rows(book) for event in read_request(row.request)[0]]


def test_the_migrated_schema_is_that_of_the_table(database_url: str) -> None:
    database = open_database(database_url)
    try:
        for _ in range(2):
            migrate(database, MIGRATIONS, VERSION_TABLE)
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        found = database.read(
            lambda connection: compare_metadata(
                MigrationContext.configure(connection, opts=options), tables.metadata
            )
        )
    finally:
        database.close()
    assert found == []


@pytest.mark.parametrize("portion_events", [1, 3, 256])
def test_taken_in_and_booked_in_any_portions_ends_in_the_same_book(
    databases: Databases, database_kind: DatabaseKind, monkeypatch: pytest.MonkeyPatch, portion_events: int
) -> None:
    monkeypatch.setattr(backlog_room, "PORTION_EVENTS", portion_events)

    async def deliver(book: Book, told: Deliveries) -> None:
        async with open_intake(book, NEVER_AT_ONCE) as intake:
            for batch in told.batches:
                events = [fact for fact in batch if isinstance(fact, WebhookEvent)]
                others = [fact for fact in batch if not isinstance(fact, WebhookEvent)]
                if events:
                    await take_in(intake, events)
                await asyncio.to_thread(record_batch, book, others)
            await intake.caught_up(PATIENCE_S)

    with open_book(databases, database_kind) as (book, _clock):

        @seed(portion_events)
        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(deliveries())
        def check(told: Deliveries) -> None:
            empty_all_tables(book.database)
            asyncio.run(deliver(book, told))
            wanted = expected_contents(told.facts, book.rules)
            assert differences(book_contents(book.database), wanted) == []
            assert_book_is_consistent(book)

        check()


async def test_a_small_batch_is_booked_before_it_is_acknowledged(book: Book) -> None:
    async with open_intake(book) as intake:
        assert await take_in(intake, hangups("one", "other")) == 2
        assert await take_in(intake, hangups("one")) == 0
        assert len(listed_charges(book.database)) == 2


async def test_a_large_batch_is_acknowledged_first_and_booked_in_portions(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_room, "PORTION_EVENTS", 20)
    gate = BookingGate(monkeypatch)
    events = many_hangups(50)
    async with open_intake(book) as intake:
        assert await take_in(intake, events) == 0
        assert await take_in(intake, hangups("small")) == 0
        assert listed_charges(book.database) == {}
        gate.open()
        await intake.caught_up(PATIENCE_S)
    assert gate.sizes == [20, 20, 11]
    await assert_booked(book, events + hangups("small"))
    assert await kept_rows(book) == []


async def test_a_kill_before_the_booking_loses_nothing(book: Book) -> None:
    events = many_hangups(20)
    async with open_intake_store(book) as store:
        await store.append(request_of(events))
        await store.append(request_of(events[:5]))
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
        await assert_booked(book, events)
    assert await kept_rows(book) == []


async def test_a_kill_between_booking_and_forgetting_books_nothing_twice(book: Book) -> None:
    events = many_hangups(20)
    book.record_events(events)
    before = book_contents(book.database)
    async with open_intake_store(book) as store:
        await store.append(request_of(events))
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
    assert book_contents(book.database) == before
    await assert_booked(book, events)
    assert await kept_rows(book) == []


async def test_what_could_not_be_forgotten_is_booked_again_without_effect(
    opened: tuple[Book, ManualClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    book, clock = opened
    events = many_hangups(20)

    async def fail(*_: object) -> None:
        raise Unavailable("no disk")

    async with open_intake(book) as intake:
        with monkeypatch.context() as patch:
            patch.setattr(IntakeStore, "remove", fail)
            await take_in(intake, events)
            await intake.caught_up(PATIENCE_S)
        clock.advance(1)
        monkeypatch.setattr(leftovers_room, "STALE", timedelta())
        await intake._leftovers.book()
        await assert_booked(book, events)
    assert await kept_rows(book) == []


async def test_a_refused_event_is_kept_and_blocks_no_other(
    book: Book, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = [refused_event("one"), refused_event("other")], many_hangups(30)
    async with open_intake(book) as intake:
        await take_in(intake, [*good[:7], bad[0], *good[7:20], bad[1], *good[20:]])
        await intake.caught_up(PATIENCE_S)
        await assert_booked(book, good)
        await take_in(intake, hangups(*(f"later {number}" for number in range(17))))
        await intake.caught_up(PATIENCE_S)
        assert len(listed_charges(book.database)) == 47
    assert await kept_events(book) == bad
    assert "+1202" not in capsys.readouterr().out


async def test_a_refused_event_outlives_its_request_also_when_it_could_not_be_kept_at_first(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_room, "PORTION_EVENTS", 10)
    remove, failures = IntakeStore.remove, [Unavailable("no disk")]

    async def flaky(store: IntakeStore, row_ids: Sequence[int], refused: Sequence[bytes]) -> None:
        if failures:
            raise failures.pop()
        await remove(store, row_ids, refused)

    monkeypatch.setattr(IntakeStore, "remove", flaky)
    bad, good = refused_event(), many_hangups(19)
    async with open_intake(book) as intake:
        await take_in(intake, [bad, *good])
    await assert_booked(book, good)
    assert await kept_events(book) == [bad]


async def test_raw_texts_of_refused_events_go_when_they_are_old(opened: tuple[Book, ManualClock]) -> None:
    book, clock = opened
    old = replace(refused_event("old"), raw=b"old", received_at=clock.now() - timedelta(days=31))
    young = replace(refused_event("young"), raw=b"young", received_at=clock.now())
    async with open_intake(book, NEVER_AT_ONCE) as intake:
        await take_in(intake, [old, young])
        await intake.caught_up(PATIENCE_S)
        await until(lambda: intake_metric("refused_events") == 2)
        assert await intake.drop_raw_texts(timedelta(days=30)) == 1
        assert await intake.drop_raw_texts(timedelta(days=30)) == 0
    assert await kept_events(book) == [replace(old, raw=b""), young]


async def test_what_no_ledger_can_book_or_read_stops_no_start(book: Book) -> None:
    good, bad = many_hangups(3), refused_event()
    async with open_intake_store(book) as store:
        await store.append(b"\xff not a request")
        await store.append(request_of([bad, *good]))
    for _ in range(2):
        async with open_intake(book) as intake:
            await intake.caught_up(PATIENCE_S)
            await assert_booked(book, good)
            await until(lambda: intake_metric("refused_events") == 2)
    assert {row.request for row in await kept_rows(book)} == {b"\xff not a request", request_of([bad])}


def intake_metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"tollbook_ledger_intake_{name}")


@pytest.mark.parametrize("error", [Conflict("others were faster"), Unavailable("the database is away")])
async def test_a_booking_that_fails_is_tried_again(
    book: Book, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    record_events, failures = Book.record_events, [error, error]

    def flaky(of: Book, batch: list[WebhookEvent]) -> int:
        if failures:
            raise failures.pop()
        return record_events(of, batch)

    monkeypatch.setattr(Book, "record_events", flaky)
    events = many_hangups(20)
    async with open_intake(book) as intake:
        await take_in(intake, events)
        await intake.caught_up(PATIENCE_S)
    await assert_booked(book, events)


async def test_an_unexpected_failure_is_confined_to_its_event(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_events = Book.record_events
    events = many_hangups(20)

    def broken(of: Book, batch: list[WebhookEvent]) -> int:
        if events[4] in batch:
            raise RuntimeError("a defect")
        return record_events(of, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Book, "record_events", broken)
        async with open_intake(book) as intake:
            await take_in(intake, events)
            await intake.caught_up(PATIENCE_S)
    assert len(listed_charges(book.database)) == 19
    # A ledger without the defect books it.
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
    await assert_booked(book, events)
    assert await kept_rows(book) == []


async def test_an_end_in_good_order_books_what_was_taken_in(book: Book) -> None:
    events = many_hangups(600)
    async with open_intake(book) as intake:
        await take_in(intake, events)
    await assert_booked(book, events)
    assert await kept_rows(book) == []


async def test_what_cannot_be_booked_before_the_end_stays_for_the_next_start(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise Unavailable("the database is away")

    events = many_hangups(20)
    with monkeypatch.context() as patch:
        patch.setattr(Book, "record_events", fail)
        async with open_intake(book) as intake:
            await take_in(intake, events)
    assert [len(read_request(row.request)[0]) for row in await kept_rows(book)] == [20]
    async with open_intake(book) as intake:
        await intake.caught_up(PATIENCE_S)
    await assert_booked(book, events)


async def test_an_event_is_booked_although_its_sender_has_hung_up(book: Book) -> None:
    events = many_hangups(20)
    async with open_intake(book) as intake:
        sender = asyncio.create_task(take_in(intake, events))
        await until(lambda: intake._backlog.load().waiting_events == 20)
        sender.cancel()
        await asyncio.wait([sender])
    await assert_booked(book, events)


async def test_beyond_the_bound_a_batch_waits_for_room_and_the_next_is_refused(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = BookingGate(monkeypatch)
    limits = IntakeLimits(waiting_events=40, waiting_calls=1)
    first, second, third = (many_hangups(20, name) for name in ("first", "second", "third"))
    async with open_intake(book, limits) as intake:
        await take_in(intake, first)
        await take_in(intake, second)
        waiting = asyncio.create_task(take_in(intake, third))
        await until(lambda: intake._backlog.load().waiting_calls == 1)
        with pytest.raises(Unavailable) as refused:
            await take_in(intake, hangups("one more"))
        assert refused.value.retry_after_s == 1
        assert len(await kept_rows_of(intake)) == 2
        gate.open()
        assert await waiting == 0
        await intake.caught_up(PATIENCE_S)
    await assert_booked(book, first + second + third)


async def kept_rows_of(intake: Intake) -> list[IntakeRow]:
    return await intake._store.claim_left(0, await intake._store.last_id())


async def test_whoever_waits_in_vain_is_refused(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_room, "_ROOM_PATIENCE_S", 0.01)
    gate = BookingGate(monkeypatch)
    async with open_intake(book, IntakeLimits(waiting_events=20)) as intake:
        await take_in(intake, many_hangups(20))
        with pytest.raises(Unavailable, match="send them again"):
            await take_in(intake, hangups("late"))
        with pytest.raises(Unavailable, match="ask again") as refused:
            await intake.caught_up(0.01)
        assert refused.value.retry_after_s == 1
        gate.open()
    await assert_booked(book, many_hangups(20))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ledgers on one PostgreSQL, each with connections and a clock of its own."""

    one: Book
    other: Book
    clock: ManualClock


@pytest.fixture
def pair(databases: Databases) -> Iterator[Pair]:
    url = databases.copy_of("postgresql", "ledger", migrate_ledger)
    one, other = open_database(url), open_database(url)
    clock = ManualClock()
    yield Pair(Book(one, ManualClock(), Rules()), Book(other, clock, Rules()), clock)
    one.close()
    other.close()
    databases.drop(url)


async def test_two_ledgers_take_the_same_events_in(pair: Pair) -> None:
    events = many_hangups(40)
    async with open_intake(pair.one) as one, open_intake(pair.other) as other:
        await asyncio.gather(
            take_in(one, events[:30]), take_in(other, events[10:]), take_in(one, events[5:25])
        )
        await asyncio.gather(one.caught_up(PATIENCE_S), other.caught_up(PATIENCE_S))
    await assert_booked(pair.one, events)
    assert await kept_rows(pair.one) == []


async def test_what_a_dead_ledger_left_is_booked_by_another_after_a_while(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the database's clock: that of either ledger may be wrong by hours."""
    events = many_hangups(20)
    pair.clock.advance(10_000)
    async with open_intake(pair.other) as living, open_intake_store(pair.one) as dead:
        await living._leftovers.book()
        await dead.append(request_of(events))
        await living._leftovers.book()
        assert listed_charges(pair.other.database) == {}
        monkeypatch.setattr(leftovers_room, "STALE", timedelta())
        await living._leftovers.book()
        await assert_booked(pair.other, events)
    assert await kept_rows(pair.other) == []


def test_what_a_dead_ledger_left_is_taken_over_in_time() -> None:
    assert leftovers_room.STALE + timedelta(seconds=leftovers_room._PAUSE_S) < timedelta(seconds=35)


async def test_a_read_at_one_ledger_waits_for_what_another_has_acknowledged(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = many_hangups(40)
    gate = BookingGate(monkeypatch)
    async with open_intake(pair.one) as one, open_intake(pair.other) as other:
        await other.caught_up(PATIENCE_S)
        await take_in(one, events)
        try:
            with pytest.raises(Unavailable, match="ask again"):
                await other.caught_up(0.1)
            readings = [asyncio.create_task(other.caught_up(PATIENCE_S)) for _ in range(20)]
        finally:
            gate.open()
        await asyncio.gather(*readings)
        await assert_booked(pair.other, events)


async def test_a_read_waits_for_nothing_that_comes_after_it(pair: Pair) -> None:
    async with open_intake(pair.other) as living, open_intake_store(pair.one) as dead:
        await living.caught_up(PATIENCE_S)
        first_id = await dead.append(request_of(many_hangups(1)))
        reading = asyncio.create_task(living.caught_up(PATIENCE_S))
        await asyncio.sleep(0)
        while not reading.done():
            await dead.append(request_of(many_hangups(1, "later")))
            await dead.remove([first_id], [])
        await reading
        await dead.remove([row.row_id for row in await dead.claim_left(0, await dead.last_id())], [])
