"""The proof of a book over real gRPC: the head of the chain, verification and replay, while the ledger runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.errors import InvalidInput, TollbookError
from services.common.rpc_errors import from_rpc_error
from services.common.server import open_server
from services.common.wire import to_timestamp
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.ledger_facts import at, leg
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc, proof_pb2, proof_pb2_grpc

LEG = leg()
EVENTS = [LEG.event("call.answered", 5, received_at=at(6)), LEG.hangup(received_at=at(61))]
RECORDS = [LEG.record("sip-trunking", "0.005"), LEG.record("call-control", "0.002")]


@dataclass
class Ledger:
    """A ledger as its process puts it together."""

    book: ledger_pb2_grpc.LedgerServiceStub
    proof: proof_pb2_grpc.ProofServiceStub

    async def record(self) -> None:
        """A call that settles: three entries."""
        await self.book.RecordEvents(ledger_pb2.RecordEventsRequest(events=map(encode_event, EVENTS)))
        records = ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, RECORDS))
        await self.book.RecordDetailRecords(records)

    async def head(self) -> proof_pb2.GetHeadResponse:
        return await self.proof.GetHead(proof_pb2.GetHeadRequest())

    async def sealed(self) -> proof_pb2.GetHeadResponse:
        """The head, once everything is sealed."""
        async with asyncio.timeout(20):
            while (head := await self.head()).unsealed_count or not head.head:  # noqa: ASYNC110 - only asking tells
                await asyncio.sleep(0.02)
        return head

    async def verify(self, expected_head: str = "") -> list[proof_pb2.VerifyBookResponse]:
        request = proof_pb2.VerifyBookRequest(expected_head=expected_head)
        return [answer async for answer in self.proof.VerifyBook(request)]

    async def replay(self, **fields: Any) -> list[proof_pb2.ReplayEventsResponse]:
        return [answer async for answer in self.proof.ReplayEvents(proof_pb2.ReplayEventsRequest(**fields))]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    settings = LedgerSettings(
        ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{tmp_path / 'ledger.db'}"
    )
    async with AsyncExitStack() as stack:
        bound = await stack.enter_async_context(open_server(await prepare(settings, stack)))
        channel = await stack.enter_async_context(open_channel(str(bound)))
        yield Ledger(ledger_pb2_grpc.LedgerServiceStub(channel), proof_pb2_grpc.ProofServiceStub(channel))


async def refusal(call: Any) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return from_rpc_error(raised.value)


async def test_the_running_ledger_seals_what_is_booked(ledger: Ledger) -> None:
    assert await ledger.head() == proof_pb2.GetHeadResponse()
    await ledger.record()
    head = await ledger.sealed()
    assert head.head.partition(":")[0] in {"1", "2"}
    assert (head.entry_count, head.unsealed_count, head.HasField("sealed_time")) == (3, 0, True)


async def test_a_sound_book_is_verified_to_its_head(ledger: Ledger) -> None:
    await ledger.record()
    head = (await ledger.sealed()).head
    answers = await ledger.verify(head)
    assert answers[-1].result == proof_pb2.VerifyResult(
        fact_count=5,
        charge_count=1,
        entry_count=3,
        block_count=int(head.partition(":")[0]),
        head=head,
        finding_count=0,
    )
    stages = [answer.progress.stage for answer in answers[:-1]]
    assert list(dict.fromkeys(stages)) == ["charges", "sums", "chain"]
    last = answers[-2].progress
    assert (last.done_count, last.total_count) == (3, 3)


async def test_a_head_that_the_chain_does_not_have_is_a_finding(ledger: Ledger) -> None:
    await ledger.record()
    await ledger.sealed()
    answers = await ledger.verify(f"1:{'0' * 64}")
    findings = [answer.finding for answer in answers if answer.HasField("finding")]
    assert [(found.stage, found.subject) for found in findings] == [("chain", "block 1")]
    assert answers[-1].result.finding_count == 1


async def test_what_is_no_head_is_refused(ledger: Ledger) -> None:
    refused = await refusal(ledger.verify("head"))
    assert isinstance(refused, InvalidInput)
    assert refused.field == "expected_head"


async def test_a_replay_tells_that_nothing_came_of_it(ledger: Ledger) -> None:
    await ledger.record()
    assert (await ledger.replay())[-1] == proof_pb2.ReplayEventsResponse(done_count=2, total_count=2)
    later = await ledger.replay(from_time=to_timestamp(at(60)), to_time=to_timestamp(at(62)))
    assert (later[-1].done_count, later[-1].total_count) == (1, 1)


@pytest.mark.parametrize("field", ["from_time", "to_time"])
async def test_a_time_beyond_the_calendar_is_refused(ledger: Ledger, field: str) -> None:
    refused = await refusal(ledger.replay(**{field: Timestamp(seconds=2**60)}))
    assert isinstance(refused, InvalidInput)
