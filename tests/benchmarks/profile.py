"""Part *profile*: what a webhook costs each thread of the edge and of the ledger, under load."""

import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.book_truth import wait_until_booked
from tests.benchmarks.cpu import thread_cpu_s
from tests.benchmarks.load.deliveries import deliveries, write_requests
from tests.benchmarks.load.run import Load, send
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.project import edge_port, running_project
from tests.benchmarks.timing import tell
from tests.support.postgres import PostgresStartError, running_postgres
from tests.support.processes import Tollbook
from tests.support.telnyx_signer import TelnyxSigner

_CONNECTIONS = (64, 256)
_PER_S = 8_000
"""More webhooks than are taken in a second."""
_RUNNER = ("-m", "tests.benchmarks.named_threads")
_PROCESSES = {"gateway": "edge", "ledger": "ledger"}
_THREADS = {
    "main": "event loop",
    "uvloop": "worker threads (booking, sealing)",
    "writer": "writing threads",
    "reader": "reading threads",
    "event_engine": "gRPC's own threads",
    "python": "gRPC's own threads",
}
_SHOWN_US = 1.0
"""Threads that cost less are shown together."""

Costs = Mapping[str, float]
"""µs of CPU for each webhook, by "process: thread"."""


def measure(effort: Effort) -> Report:
    """Everything that was acknowledged is booked before the clocks are read: nothing is left out."""
    seconds = 2.0 if effort.is_quick else 6.0
    costs: dict[tuple[str, int], Costs] = {}
    signer = TelnyxSigner()
    notes = ["CPU time, whichever core it was spent on; threads that cost less than 1 µs are shown together."]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbook-bench-")))
        sqlite = running_project(folder / "sqlite", signer.public_key, runner=_RUNNER)
        stores = {"SQLite": _Profile(folder, stack.enter_context(sqlite), signer)}
        try:
            postgres = stack.enter_context(running_postgres(is_durable=True))
            own = running_project(folder / "postgresql", signer.public_key, postgres, _RUNNER)
            stores["PostgreSQL"] = _Profile(folder, stack.enter_context(own), signer)
        except PostgresStartError as error:
            notes.append(f"Without PostgreSQL: {error}")
        for store, profile in stores.items():
            tell(f"profile: {store}")
            profile.run(_CONNECTIONS[0], 1.0)
            for connections in _CONNECTIONS:
                costs[store, connections] = profile.run(connections, seconds)
    return Report(
        part="profile",
        title="What a webhook costs, thread by thread",
        measured=tuple(_figures(costs)),
        notes=tuple(notes),
    )


class _Profile:
    """One running Tollbook whose threads can be told apart."""

    def __init__(self, folder: Path, tollbook: Tollbook, signer: TelnyxSigner) -> None:
        self._folder = folder
        self._tollbook = tollbook
        self._signer = signer
        self._rng = random.Random(1)
        self._acknowledged_count = 0

    def run(self, connections: int, seconds: float) -> Costs:
        """What each thread used for a webhook."""
        requests = self._folder / "requests"
        signed = deliveries(self._signer, self._rng, int(_PER_S * seconds), datetime.now(UTC))
        write_requests(requests, signed)
        port = edge_port(self._tollbook)
        before = self._used_s()
        outcome = send(
            self._folder, Load(requests=requests, port=port, connections=connections, seconds=seconds)
        )
        self._acknowledged_count += outcome.acknowledged_count
        wait_until_booked(self._tollbook.target("ledger"), self._acknowledged_count)
        after = self._used_s()
        return {
            name: (after[name] - before.get(name, 0.0)) / outcome.acknowledged_count * 1e6 for name in after
        }

    def _used_s(self) -> dict[str, float]:
        used: dict[str, float] = defaultdict(float)
        for service, process in _PROCESSES.items():
            for thread, cpu_s in thread_cpu_s(self._tollbook.running[service].pid).items():
                used[f"{process}: {thread_words(thread)}"] += cpu_s
        return used


def thread_words(name: str) -> str:
    """What a thread is called in the table; those of one pool together."""
    pool = re.sub(r"_\d+$", "", name)
    if pool.startswith("Thread-"):
        return "other threads of Python"
    return _THREADS.get(pool, pool)


def _figures(costs: Mapping[tuple[str, int], Costs]) -> Iterator[Measured]:
    for (store, connections), of_all in costs.items():
        for name, cost_us in _without_small_ones(of_all).items():
            yield Measured(
                setting=store, subject=name, name=f"{connections} connections", unit="µs", values=(cost_us,)
            )


def _without_small_ones(costs: Costs) -> Costs:
    """Those are put together; the sum of all comes last."""
    large = {name: cost_us for name, cost_us in sorted(costs.items()) if cost_us >= _SHOWN_US}
    rest_us = sum(costs.values()) - sum(large.values())
    return large | {"other threads": rest_us, "together": sum(costs.values())}
