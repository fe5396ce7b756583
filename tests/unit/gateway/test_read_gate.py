"""Reads pass while the ledger keeps up and not too many are under way."""

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from gateway.problems import Problem
from gateway.read_gate import ReadGate


class HeldReads:
    """An application that answers when the test lets it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.in_flight += 1
        await self.open.wait()
        self.in_flight -= 1


async def no_message() -> Message:
    return {}


async def nowhere(_: Message) -> None:
    return


async def read(gate: ReadGate, reads: HeldReads) -> None:
    await gate.pass_through(reads, {}, no_message, nowhere)


async def test_not_too_many_at_once() -> None:
    reads, gate = HeldReads(), ReadGate(lambda: False, max_in_flight=2)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(read(gate, reads))
        await asyncio.sleep(0)
        with pytest.raises(Problem, match="at once") as refused:
            await read(gate, reads)
        assert refused.value.status == 503
        assert refused.value.headers == {"Retry-After": "2"}
        assert reads.in_flight == 2
        reads.open.set()
    await read(gate, reads)


async def test_none_while_webhooks_wait() -> None:
    behind = True
    reads, gate = HeldReads(), ReadGate(lambda: behind)
    reads.open.set()
    with pytest.raises(Problem, match="webhooks are waiting"):
        await read(gate, reads)
    behind = False
    await read(gate, reads)
