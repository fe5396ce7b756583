"""Whether the book that was measured is right: a benchmark of a wrong book is worth nothing."""

import asyncio
import time

import grpc

from services.common.channel import open_channel
from tollbook.ledger.v1 import proof_pb2
from tollbook.ledger.v1.proof_pb2_grpc import ProofServiceStub

_BOOKED_WITHIN_S = 300.0
_POLL_S = 0.05
_VERIFIED_WITHIN_S = 900.0


class WrongBookError(RuntimeError):
    """The book does not hold what was acknowledged, or is not what follows from its facts."""


def wait_until_booked(ledger_target: str, count: int) -> int:
    """Wait until the book holds `count` events; returns how many it holds then.

    Raises WrongBookError when that takes too long.
    """
    return asyncio.run(_wait_until_booked(ledger_target, count))


def verify_book(ledger_target: str) -> proof_pb2.VerifyResult:
    """Have the ledger compute everything again, from the facts. Raises WrongBookError when something differs."""
    return asyncio.run(_verify_book(ledger_target))


async def _wait_until_booked(ledger_target: str, count: int) -> int:
    deadline_s = time.monotonic() + _BOOKED_WITHIN_S
    async with open_channel(ledger_target) as channel:
        proof = ProofServiceStub(channel)
        while True:
            held = await _event_count(proof)
            if held >= count:
                return held
            if time.monotonic() > deadline_s:
                raise WrongBookError(f"of {count} acknowledged webhooks {held} are booked")
            await asyncio.sleep(_POLL_S)


async def _event_count(proof: ProofServiceStub) -> int:
    """How many events are booked; 0 where the ledger has too much to book to answer now."""
    try:
        return (await proof.GetBookHealth(proof_pb2.GetBookHealthRequest())).event_count
    except grpc.aio.AioRpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            raise
        return 0


async def _verify_book(ledger_target: str) -> proof_pb2.VerifyResult:
    findings: list[str] = []
    async with open_channel(ledger_target, stream_timeout_s=_VERIFIED_WITHIN_S) as channel:
        async for answer in ProofServiceStub(channel).VerifyBook(proof_pb2.VerifyBookRequest()):
            if answer.HasField("finding"):
                findings.append(answer.finding.message)
            if answer.HasField("result"):
                result = answer.result
    if findings:
        raise WrongBookError(f"{len(findings)} findings in the book, the first: {findings[0]}")
    return result
