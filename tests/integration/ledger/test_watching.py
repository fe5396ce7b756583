"""WatchCharges over real gRPC: charges as they change, positions, and every way in which a stream ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import structlog

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.database import open_database
from services.common.errors import InvalidInput, TollbookError, Unavailable
from services.common.rpc_errors import from_rpc_error
from services.common.server import DRAIN_S, Endpoint, open_server
from services.common.wire import from_money
from services.ledger import feed as feed_room
from services.ledger import watcher as watcher_room
from services.ledger.__main__ import SERVICE_NAMES
from services.ledger.facts import Rules
from services.ledger.feed import ChargeFeed
from services.ledger.intake.intake import open_intake
from services.ledger.service import LedgerService
from services.ledger.store.book import Book
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.clocks import ManualClock
from tests.support.databases import DatabaseKind, Databases
from tests.support.ledger_books import counted_statements, migrate_ledger
from tests.support.ledger_facts import LegIds, leg, usd
from tests.support.processes import running_tollbook
from tests.support.waiting import until
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc
from tollbook.ledger.v1.book_pb2 import CHARGE_STATUS_ESTIMATED, CHARGE_STATUS_EXACT

Answer = ledger_pb2.WatchChargesResponse
_PATIENCE_S = 20.0


@dataclass
class Ledger:
    """A ledger as its process puts it together, and what can be seen of it from inside."""

    stub: ledger_pb2_grpc.LedgerServiceStub
    feed: ChargeFeed
    book: Book
    stop_server: Callable[[], Awaitable[None]]

    async def hang_up(self, *names: str) -> None:
        """One call for each name has just ended."""
        events = [encode_event(leg(name, name).hangup()) for name in names]
        await self.stub.RecordEvents(ledger_pb2.RecordEventsRequest(events=events))

    async def settle(self, name: str) -> None:
        """Its records have come."""
        records = [leg(name, name).record(kind, "0.005") for kind in ("sip-trunking", "call-control")]
        request = ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, records))
        await self.stub.RecordDetailRecords(request)

    def watch(self, position: str = "") -> "Watch":
        return Watch(self.stub.WatchCharges(ledger_pb2.WatchChargesRequest(position=position)))


class Watch:
    """An open stream."""

    def __init__(self, call: "grpc.aio.UnaryStreamCall[Any, Answer]") -> None:
        self.call = call

    async def next(self) -> Answer:
        async with asyncio.timeout(_PATIENCE_S):
            answer = await self.call.read()
            if isinstance(answer, Answer):
                return answer
            raise AssertionError(f"the stream ended: {await self.call.code()}")

    async def told(self, *names: str) -> dict[str, Any]:
        """Read until every one of these calls was told; what was told of each last."""
        wanted = {leg(name, name).call_control_id: name for name in names}
        found: dict[str, Any] = {}
        while set(found) < set(wanted.values()):
            for charge in (await self.next()).charges:
                found[wanted[charge.record_id]] = charge
        return found

    async def end(self) -> TollbookError:
        """The error that ends it."""
        async with asyncio.timeout(_PATIENCE_S):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                async for _ in self.call:
                    pass
        return from_rpc_error(raised.value)


@asynccontextmanager
async def running(url: str) -> AsyncIterator[Ledger]:
    async with AsyncExitStack() as stack:
        database = open_database(url)
        stack.callback(database.close)
        book, feed = Book(database, ManualClock(), Rules()), ChargeFeed(database)
        intake = await stack.enter_async_context(open_intake(book))
        stack.callback(feed.close)
        endpoint = Endpoint(
            listen=Address("127.0.0.1", 0),
            listen_variable="LEDGER_LISTEN",
            service_names=SERVICE_NAMES[:1],
            add_servicers=partial(
                ledger_pb2_grpc.add_LedgerServiceServicer_to_server,
                LedgerService(book, feed, intake, seen=lambda _: None),
            ),
            before_drain=feed.close,
        )
        server = await stack.enter_async_context(AsyncExitStack())
        bound = await server.enter_async_context(open_server(endpoint))
        channel = await stack.enter_async_context(open_channel(str(bound)))
        yield Ledger(ledger_pb2_grpc.LedgerServiceStub(channel), feed, book, server.aclose)


@pytest.fixture
def url(databases: Databases, database_kind: DatabaseKind) -> Iterator[str]:
    url = databases.copy_of(database_kind, "ledger", migrate_ledger)
    yield url
    databases.drop(url)


@pytest.fixture
async def ledger(url: str) -> AsyncIterator[Ledger]:
    """A ledger with an empty book; a test that takes it runs on both stores."""
    async with running(url) as ledger:
        yield ledger


async def test_from_now_on_each_change_is_told_as_it_is(ledger: Ledger) -> None:
    await ledger.hang_up("before")
    watch = ledger.watch()
    first = await watch.next()
    assert (list(first.charges), first.position) == ([], "1")
    await ledger.hang_up("call")
    [charge] = (await watch.next()).charges
    assert (from_money(charge.cost), charge.status) == (usd("0.015"), CHARGE_STATUS_ESTIMATED)
    await ledger.settle("call")
    [charge] = (await watch.next()).charges
    assert (from_money(charge.cost), charge.status) == (usd("0.010"), CHARGE_STATUS_EXACT)
    assert not charge.merged


async def test_a_watcher_that_comes_back_is_told_what_it_missed_and_no_more(ledger: Ledger) -> None:
    watch = ledger.watch()
    await watch.next()
    await ledger.hang_up("one", "two")
    position = (await watch.next()).position
    watch.call.cancel()
    await ledger.settle("one")
    await ledger.hang_up("three", "four")
    await ledger.settle("four")
    again = ledger.watch(position)
    answer = await again.next()
    names = {leg(name, name).call_control_id: name for name in ("one", "two", "three", "four")}
    told = {names[charge.record_id]: charge.status for charge in answer.charges}
    assert told == {
        "one": CHARGE_STATUS_EXACT,
        "three": CHARGE_STATUS_ESTIMATED,
        "four": CHARGE_STATUS_EXACT,
    }
    nothing_new = await ledger.watch(answer.position).next()
    assert (list(nothing_new.charges), nothing_new.position) == ([], answer.position)
    await ledger.settle("two")
    assert set(await again.told("two")) == {"two"}


async def test_a_position_outlives_the_process(url: str) -> None:
    async with running(url) as ledger:
        watch = ledger.watch()
        await watch.next()
        await ledger.hang_up("one")
        position = (await watch.next()).position
    async with running(url) as ledger:
        await ledger.hang_up("two")
        watch = ledger.watch(position)
        assert set(await watch.told("two")) == {"two"}


async def test_who_is_far_behind_is_told_in_pieces(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_room, "MAX_CHARGES", 3)
    names = [f"call {number}" for number in range(8)]
    await ledger.hang_up(*names)
    watch = ledger.watch("0")
    answers = [await watch.next() for _ in range(3)]
    assert [len(answer.charges) for answer in answers] == [3, 3, 2]
    assert [answer.position for answer in answers] == ["3", "6", "8"]
    await ledger.hang_up("later")
    await watch.told("later")


async def test_a_charge_that_was_merged_away_is_told_so(ledger: Ledger) -> None:
    by_leg_id = LegIds(session_id=leg().session_id, leg_id=leg().leg_id).record("call-control", "0.006")
    request = ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(by_leg_id)])
    await ledger.stub.RecordDetailRecords(request)
    watch = ledger.watch()
    await watch.next()
    request_events = ledger_pb2.RecordEventsRequest(events=[encode_event(leg().hangup())])
    await ledger.stub.RecordEvents(request_events)
    told = {
        charge.record_id: (charge.merged, from_money(charge.cost)) for charge in (await watch.next()).charges
    }
    assert told == {leg().leg_id: (True, usd("0")), leg().call_control_id: (False, usd("0.015"))}


@pytest.mark.parametrize("position", ["x", "-1", "1.5", " 1", "1_0", "٣", "9" * 19, "2"])
async def test_what_is_no_position_or_lies_ahead_is_refused(ledger: Ledger, position: str) -> None:
    await ledger.hang_up("one")
    error = await ledger.watch(position).end()
    assert isinstance(error, InvalidInput)
    assert error.field == "position"
    await until(lambda: not ledger.feed.is_looking)


async def test_the_journal_is_followed_only_while_somebody_watches(ledger: Ledger) -> None:
    assert not ledger.feed.is_looking
    watches = [ledger.watch() for _ in range(3)]
    for watch in watches:
        await watch.next()
    await until(lambda: ledger.feed.is_looking)
    await ledger.hang_up("one")
    for watch in watches:
        await watch.told("one")
        watch.call.cancel()
    await until(lambda: not ledger.feed.is_looking)
    with counted_statements(ledger.book.database) as statements:
        await ledger.stub.ListSweeps(ledger_pb2.ListSweepsRequest())
    assert not [text for text in statements if "billing_entries" in text]
    again = ledger.watch()
    await again.next()
    await ledger.hang_up("two")
    await again.told("two")


async def test_who_hangs_up_without_reading_is_forgotten_too(ledger: Ledger) -> None:
    watch = ledger.watch("0")
    await until(lambda: ledger.feed.is_looking)
    await ledger.hang_up("one")
    watch.call.cancel()
    await until(lambda: not ledger.feed.is_looking)


async def test_a_stopping_ledger_ends_its_streams_at_once(ledger: Ledger) -> None:
    watches = [ledger.watch(), ledger.watch()]
    for watch in watches:
        await watch.next()
    async with asyncio.timeout(DRAIN_S / 2):
        await ledger.stop_server()
    for watch in watches:
        error = await watch.end()
        assert isinstance(error, Unavailable)
        assert "about to stop" in error.detail
    await until(lambda: not ledger.feed.is_looking)


async def test_sigterm_ends_the_process_although_somebody_watches(tmp_path: Path) -> None:
    with running_tollbook(tmp_path, {}) as tollbook:
        await asyncio.to_thread(tollbook.start, "ledger")
        async with open_channel(tollbook.target("ledger")) as channel:
            stub = ledger_pb2_grpc.LedgerServiceStub(channel)
            watch = Watch(stub.WatchCharges(ledger_pb2.WatchChargesRequest()))
            assert (await watch.next()).position == "0"
            async with asyncio.timeout(DRAIN_S / 2):
                assert await asyncio.to_thread(tollbook.stop, "ledger") == 0
            assert "about to stop" in (await watch.end()).detail


async def test_a_closed_feed_takes_no_watcher(ledger: Ledger) -> None:
    ledger.feed.close()
    error = await ledger.watch().end()
    assert isinstance(error, Unavailable)


async def test_a_watcher_that_is_too_slow_is_ended_and_told_so(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_room, "MAX_WAITING", 3)
    watch = ledger.watch()
    await watch.next()
    await ledger.hang_up(*(f"call {number}" for number in range(5)))
    error = await watch.end()
    assert isinstance(error, Unavailable)
    assert "watch again from the last position" in error.detail


async def test_there_is_a_limit_to_watchers(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_room, "MAX_WATCHERS", 1)
    watch = ledger.watch()
    await watch.next()
    error = await ledger.watch().end()
    assert isinstance(error, Unavailable)
    watch.call.cancel()
    await until(lambda: not ledger.feed.is_looking)
    await ledger.watch().next()


@pytest.mark.parametrize("is_foreseen", [True, False])
async def test_a_feed_that_fails_says_so_and_can_be_asked_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, is_foreseen: bool
) -> None:
    watch = ledger.watch()
    position = (await watch.next()).position
    failure = Unavailable("the database is away") if is_foreseen else RuntimeError("a bug")

    def fail(*_: object, **__: object) -> None:
        raise failure

    with structlog.testing.capture_logs() as logs, monkeypatch.context() as patched:
        patched.setattr(feed_room, "look", fail)
        error = await watch.end()
    assert isinstance(error, Unavailable)
    assert ("away" in error.detail) is is_foreseen
    assert ("charge_feed.failed" in [line["event"] for line in logs]) is not is_foreseen
    await ledger.hang_up("one")
    assert set(await ledger.watch(position).told("one")) == {"one"}


async def test_two_ledgers_on_one_database_tell_each_others_changes(databases: Databases) -> None:
    url = databases.copy_of("postgresql", "ledger", migrate_ledger)
    try:
        async with running(url) as one, running(url) as other:
            watches = [one.watch(), other.watch()]
            for watch in watches:
                await watch.next()
            names = [f"{which} {number}" for which in "ab" for number in range(10)]
            work = [ledger.hang_up(name) for ledger, name in zip([one, other] * 10, names, strict=True)]
            await asyncio.gather(*work)
            for watch in watches:
                assert len(await watch.told(*names)) == 20
            await one.settle("a 0")
            answer = await watches[0].next()
            assert [charge.status for charge in answer.charges] == [CHARGE_STATUS_EXACT]
            await other.settle("b 0")
            resumed = other.watch(answer.position)
            assert (await resumed.told("b 0"))["b 0"].status == CHARGE_STATUS_EXACT
    finally:
        databases.drop(url)
