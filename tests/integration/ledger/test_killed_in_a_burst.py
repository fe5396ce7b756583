"""The ledger's process is killed while it books a burst: what it acknowledged is in the book after the next start."""

import asyncio
from pathlib import Path

import grpc
import pytest

from services.common.channel import open_channel
from services.common.errors import Unavailable
from services.common.rpc_errors import from_rpc_error
from services.telnyx_vocabulary.wire import encode_event
from tests.support.intakes import many_hangups
from tests.support.processes import running_tollbook
from tollbook.ledger.v1 import ledger_pb2, ledger_pb2_grpc, proof_pb2, proof_pb2_grpc

BATCHES = [[encode_event(event) for event in many_hangups(200, f"caller {number}")] for number in range(8)]


async def send_all(channel: grpc.aio.Channel, *, until_booked: bool) -> int:
    """Send every batch; returns how many events were new, of those that were booked by then."""
    stub = ledger_pb2_grpc.LedgerServiceStub(channel)
    new_count = 0
    for batch in BATCHES:
        request = ledger_pb2.RecordEventsRequest(events=batch, until_booked=until_booked)
        new_count += (await stub.RecordEvents(request)).new_count
    return new_count


async def event_count(channel: grpc.aio.Channel) -> int:
    """How many events the book has, once it has all that were acknowledged."""
    stub = proof_pb2_grpc.ProofServiceStub(channel)
    while True:
        try:
            return (await stub.GetBookHealth(proof_pb2.GetBookHealthRequest())).event_count
        except grpc.aio.AioRpcError as error:
            if not isinstance(from_rpc_error(error), Unavailable):
                raise


@pytest.mark.timeout(120)
async def test_what_was_acknowledged_before_a_kill_is_booked_after_it(
    database_url: str, tmp_path: Path
) -> None:
    with running_tollbook(tmp_path, {"LEDGER_DATABASE_URL": database_url}) as tollbook:
        await asyncio.to_thread(tollbook.start, "ledger")
        async with open_channel(tollbook.target("ledger")) as channel:
            assert await send_all(channel, until_booked=False) == 0
        await asyncio.to_thread(tollbook.kill, "ledger")
        await asyncio.to_thread(tollbook.start, "ledger")
        async with open_channel(tollbook.target("ledger")) as channel:
            assert await event_count(channel) == sum(map(len, BATCHES))
            assert await send_all(channel, until_booked=True) == 0
        assert await asyncio.to_thread(tollbook.stop, "ledger") == 0
