"""What a running Tollbook is put through: far too many senders, and a ledger that stops, dies and returns."""

import os
import random
import signal
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.load.deliveries import deliveries, read_of, write_requests
from tests.benchmarks.load.outcome import Outcome
from tests.benchmarks.load.run import Load, RunningLoad, running_load
from tests.benchmarks.project import edge_port
from tests.benchmarks.recovery import KNOCK_PACE_S
from tests.benchmarks.watching import Memory, watched_memory
from tests.support.processes import Tollbook
from tests.support.telnyx_signer import TelnyxSigner

SATURATING_CONNECTIONS = 256
OVERLOAD = 5
STEADY_CONNECTIONS = 64
STEADY_PACE_S = 0.2
"""Fewer webhooks than can be booked as they come: else reads would wait for the load to end, not for the ledger."""
READING_CONNECTIONS = 16
STOPPED_S = 5.0
_PER_S = 8_000
"""More webhooks than are ever taken in a second."""
_CALM_S = 3.0
_READS = ("/api/billing/summary?groupBy=day", "/api/billing/records?limit=50", "/billing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one ordeal."""

    name: str
    webhooks: tuple[Outcome, ...]
    """Of all who sent webhooks; the last of them only knocked."""
    reads: tuple[Outcome, ...]
    """Of all who read; the last of them only knocked."""
    over_s: float
    """When it was over, by the monotonic clock."""
    memory: Memory | None = None


class Ordeal:
    """One running Tollbook, and those who trouble it."""

    def __init__(self, folder: Path, tollbook: Tollbook, signer: TelnyxSigner, after_s: float) -> None:
        self._folder = folder
        self._tollbook = tollbook
        self._signer = signer
        self._after_s = after_s
        self._files = 0

    def storm(self, storm_s: float) -> Seen:
        """Far too many senders for so long, and what comes after."""
        all_s = _CALM_S + storm_s + self._after_s
        webhooks = self._webhooks(int(_PER_S * storm_s))
        knocks, reads = self._webhooks(int(all_s / KNOCK_PACE_S)), self._reads()
        pids = {"edge": self._pid("gateway"), "ledger": self._pid("ledger")}
        with ExitStack() as stack:
            knocking = stack.enter_context(self._sending(knocks, 1, all_s, KNOCK_PACE_S))
            looking = stack.enter_context(self._sending(reads, 1, all_s, KNOCK_PACE_S))
            time.sleep(_CALM_S)
            with (
                watched_memory(pids) as memory,
                self._sending(webhooks, OVERLOAD * SATURATING_CONNECTIONS, storm_s) as sending,
                self._sending(reads, READING_CONNECTIONS, storm_s) as reading,
            ):
                storm, storm_reads = sending.outcome(), reading.outcome()
            return Seen(
                name=f"{OVERLOAD} times overload",
                webhooks=(storm, knocking.outcome()),
                reads=(storm_reads, looking.outcome()),
                over_s=storm.end_s,
                memory=memory,
            )

    def outage(self) -> Seen:
        """A ledger that hangs, is killed, and comes back, while webhooks and reads go on."""
        all_s = _CALM_S + STOPPED_S + self._after_s
        webhooks = self._webhooks(int(STEADY_CONNECTIONS / STEADY_PACE_S * all_s))
        knocks, reads = self._webhooks(int(all_s / KNOCK_PACE_S)), self._reads()
        with ExitStack() as stack:
            sending = stack.enter_context(self._sending(webhooks, STEADY_CONNECTIONS, all_s, STEADY_PACE_S))
            knocking = stack.enter_context(self._sending(knocks, 1, all_s, KNOCK_PACE_S))
            looking = stack.enter_context(self._sending(reads, 1, all_s, KNOCK_PACE_S))
            time.sleep(_CALM_S)
            os.kill(self._pid("ledger"), signal.SIGSTOP)
            time.sleep(STOPPED_S)
            self._tollbook.kill("ledger")
            over_s = time.monotonic()
            self._tollbook.start("ledger")
            return Seen(
                name="the ledger stops, dies, returns",
                webhooks=(sending.outcome(), knocking.outcome()),
                reads=(looking.outcome(),),
                over_s=over_s,
            )

    def _pid(self, service: str) -> int:
        return self._tollbook.running[service].pid

    def _sending(
        self, requests: Path, connections: int, seconds: float, pace_s: float = 0.0
    ) -> AbstractContextManager[RunningLoad]:
        load = Load(
            requests=requests,
            port=edge_port(self._tollbook),
            connections=connections,
            seconds=seconds,
            pace_s=pace_s,
            is_endless=requests.name == "reads",
        )
        return running_load(self._folder, load)

    def _webhooks(self, count: int) -> Path:
        self._files += 1
        path = self._folder / f"webhooks-{self._files}"
        signed = deliveries(self._signer, random.Random(self._files), count, datetime.now(UTC))
        write_requests(path, signed)
        return path

    def _reads(self) -> Path:
        path = self._folder / "reads"
        write_requests(path, map(read_of, _READS))
        return path
