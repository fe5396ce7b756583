"""Webhooks that keep coming through a balancer, from a thread of their own, while a test does something else."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.benchmarks.load.connection import Answers, Work, keep_sending
from tests.benchmarks.load.deliveries import delivery
from tests.benchmarks.load.stories import webhooks
from tests.support.balancer import Backend, Balancer, open_balancer
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.waiting import until

_MOST = 1_000_000
_READY_WITHIN_S = 30.0


@dataclass
class Traffic:
    """What is sent, and what came back so far."""

    answers: Answers = field(default_factory=Answers)
    faults: list[str] = field(default_factory=list)
    """What the balancer saw go wrong."""
    crash: list[BaseException] = field(default_factory=list)
    """Why there is no traffic any more."""
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def acknowledged_count(self) -> int:
        """How many webhooks were answered with 200."""
        return self.answers.status.count(200)

    @property
    def others(self) -> dict[int, int]:
        """All other answers, by their status."""
        return {status: count for status, count in Counter(self.answers.status).items() if status != 200}

    async def run(
        self, backends: list[Backend], signer: TelnyxSigner, connections: int, pace_s: float
    ) -> None:
        """Send until stopped."""
        async with open_balancer(backends) as (balancer, port):
            self.faults = balancer.faults
            await _ready(balancer)
            work = Work(_signed_now(signer), self.answers, pace_s, self._stop.is_set)
            async with asyncio.TaskGroup() as senders:
                for _ in range(connections):
                    senders.create_task(keep_sending(port, work))

    def in_thread(
        self, backends: list[Backend], signer: TelnyxSigner, connections: int, pace_s: float
    ) -> None:
        """The same, for a thread."""
        try:
            asyncio.run(self.run(backends, signer, connections, pace_s))
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            self.crash.append(error)

    def stop(self) -> None:
        """Send nothing more."""
        self._stop.set()


@contextmanager
def running_traffic(
    backends: list[Backend], signer: TelnyxSigner, *, connections: int = 8, pace_s: float = 0.2
) -> Iterator[Traffic]:
    """Each connection sends a webhook every `pace_s`, or when the one before was answered; all end with the block."""
    traffic = Traffic()
    thread = threading.Thread(target=traffic.in_thread, args=(backends, signer, connections, pace_s))
    thread.start()
    try:
        yield traffic
    finally:
        traffic.stop()
        thread.join()
    if traffic.crash:
        raise traffic.crash[0]


async def _ready(balancer: Balancer) -> None:
    await until(lambda: balancer.is_ready, _READY_WITHIN_S)


def _signed_now(signer: TelnyxSigner) -> Iterator[bytes]:
    for webhook in webhooks(random.Random(), _MOST, datetime.now(UTC)):
        yield delivery(signer, webhook, datetime.now(UTC))
