"""A burst of webhooks over gRPC: acknowledged before it is booked, and nobody can tell from what the ledger says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import REGISTRY

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.errors import InvalidInput, TollbookError, Unavailable
from services.common.rpc_errors import from_rpc_error
from services.common.server import open_server
from services.ledger.__main__ import prepare
from services.ledger.intake import reads_wait
from services.ledger.intake.reads_wait import PATIENCE_S
from services.ledger.settings import LedgerSettings
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.intakes import BookingGate, many_hangups
from tests.support.ledger_facts import leg
from tollbook.ledger.v1 import (
    balance_pb2,
    book_pb2,
    freshness_pb2,
    freshness_pb2_grpc,
    ledger_pb2,
    ledger_pb2_grpc,
    proof_pb2,
    proof_pb2_grpc,
)

CALL = leg("seventeenth", "seventeenth")
BURST = [*many_hangups(16), CALL.hangup()]
INDEPENDENT = {
    "LedgerService": {"RecordEvents", "ListSweeps", "CountHeldRecords"},
    "BalanceService": {
        *("RecordBalance", "ListBalances", "GetBalanceTrend"),
        *("RecordAccountCharges", "ListAccountCharges"),
    },
    "ProofService": {"ClaimDay", "ClaimDays", "GetHead"},
    "FreshnessService": {"GetFreshness"},
}
"""Calls that webhook events do not concern. A head tells of what is sealed, which is always a little behind; that
something waits is what GetFreshness tells.
"""


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    """To the service as its process puts it together, on a free port."""
    settings = LedgerSettings(
        ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{tmp_path / 'ledger.db'}"
    )
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_server(await prepare(settings, stack)))
        yield await stack.enter_async_context(open_channel(str(bound)))


@pytest.fixture
def ledger(channel: grpc.aio.Channel) -> ledger_pb2_grpc.LedgerServiceStub:
    return ledger_pb2_grpc.LedgerServiceStub(channel)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> BookingGate:
    monkeypatch.setattr(reads_wait, "PATIENCE_S", dict.fromkeys(PATIENCE_S, 60.0))
    return BookingGate(monkeypatch)


def request_of(events: list[WebhookEvent], **fields: Any) -> ledger_pb2.RecordEventsRequest:
    return ledger_pb2.RecordEventsRequest(events=map(encode_event, events), **fields)


def get_call() -> ledger_pb2.GetCallRequest:
    return ledger_pb2.GetCallRequest(id=CALL.call_control_id)


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"tollbook_ledger_intake_{name}")


def modes_of(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def refusal(call: Any) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return from_rpc_error(raised.value)


def test_of_every_call_it_is_said_whether_it_waits() -> None:
    for file in (ledger_pb2, balance_pb2, proof_pb2, freshness_pb2):
        for service in file.DESCRIPTOR.services_by_name.values():
            waiting = {
                method.name
                for method in service.methods
                if f"/{service.full_name}/{method.name}" in PATIENCE_S
            }
            others = {method.name for method in service.methods} - waiting
            assert others == INDEPENDENT[service.name]


async def test_that_something_waits_to_be_booked_is_told_at_once(
    channel: grpc.aio.Channel, ledger: ledger_pb2_grpc.LedgerServiceStub, gate: BookingGate
) -> None:
    freshness = freshness_pb2_grpc.FreshnessServiceStub(channel)
    asked = freshness_pb2.GetFreshnessRequest()
    await ledger.RecordEvents(request_of(BURST))
    waiting = await freshness.GetFreshness(asked)
    assert waiting.HasField("unbooked_age")
    # What waits has come: that the book does not know of it is no silence.
    assert not waiting.HasField("silent_since")
    gate.open()
    # Waits for what was acknowledged.
    await ledger.GetCall(get_call())
    booked = await freshness.GetFreshness(asked)
    assert not booked.HasField("unbooked_age")
    assert booked.HasField("silent_since")
    assert booked.HasField("last_webhook_time")


async def test_a_read_sees_what_was_acknowledged_before_it(
    ledger: ledger_pb2_grpc.LedgerServiceStub, gate: BookingGate
) -> None:
    assert (await ledger.RecordEvents(request_of(BURST))).new_count == 0
    assert metric("events") == 17
    reading = asyncio.ensure_future(ledger.GetCall(get_call()))
    # What no webhook concerns is answered meanwhile.
    await ledger.ListSweeps(ledger_pb2.ListSweepsRequest())
    assert not reading.done()
    gate.open()
    assert (await reading).call.telnyx_call_id == CALL.call_control_id
    assert (metric("events"), metric("oldest_seconds")) == (0, 0)


async def test_reads_are_refused_while_the_book_is_far_behind(
    channel: grpc.aio.Channel,
    ledger: ledger_pb2_grpc.LedgerServiceStub,
    gate: BookingGate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reads_wait, "PATIENCE_S", dict.fromkeys(PATIENCE_S, 0.01))
    await ledger.RecordEvents(request_of(BURST))
    proof = proof_pb2_grpc.ProofServiceStub(channel)
    for call in (
        ledger.GetCall(get_call()),
        ledger.WatchCharges(ledger_pb2.WatchChargesRequest()).read(),
        proof.GetBookHealth(proof_pb2.GetBookHealthRequest()),
    ):
        error = await refusal(call)
        assert isinstance(error, Unavailable)
        assert error.retry_after_s == 1
    assert (metric("oldest_seconds") or 0) > 0
    gate.open()


async def test_whoever_asks_for_it_is_answered_when_the_events_are_booked(
    ledger: ledger_pb2_grpc.LedgerServiceStub, gate: BookingGate
) -> None:
    await ledger.RecordEvents(request_of(BURST))
    more = [*BURST, leg("eighteenth", "eighteenth").hangup()]
    booking = asyncio.ensure_future(ledger.RecordEvents(request_of(more, until_booked=True)))
    await ledger.ListSweeps(ledger_pb2.ListSweepsRequest())
    assert not booking.done()
    gate.open()
    assert (await booking).new_count == 1


async def test_a_record_finds_the_events_that_were_acknowledged_before_it(
    ledger: ledger_pb2_grpc.LedgerServiceStub, gate: BookingGate
) -> None:
    await ledger.RecordEvents(request_of(BURST))
    records = [encode_record(CALL.record("call-control", "0.002"))]
    recording = asyncio.ensure_future(
        ledger.RecordDetailRecords(ledger_pb2.RecordDetailRecordsRequest(records=records))
    )
    await ledger.ListSweeps(ledger_pb2.ListSweepsRequest())
    gate.open()
    assert (await recording).new_count == 1
    # A call that nobody announced would be settled by its first record.
    call = (await ledger.GetCall(get_call())).call
    assert call.status == book_pb2.CHARGE_STATUS_ESTIMATED


async def test_a_large_batch_is_refused_as_a_whole_like_a_small_one(
    ledger: ledger_pb2_grpc.LedgerServiceStub,
) -> None:
    error = await refusal(ledger.RecordEvents(request_of([*BURST, replace(CALL.hangup(), event_id="")])))
    assert isinstance(error, InvalidInput)
    assert error.field == "events"
    assert not (await ledger.Summarize(ledger_pb2.SummarizeRequest())).totals


async def test_the_intake_is_readable_by_its_owner_only(
    ledger: ledger_pb2_grpc.LedgerServiceStub, gate: BookingGate, tmp_path: Path
) -> None:
    await ledger.RecordEvents(request_of(BURST))
    modes = modes_of(tmp_path)
    gate.open()
    assert modes["ledger.db.intake"] == modes["ledger.db.intake-wal"] == 0o600
