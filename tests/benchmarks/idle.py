"""Part *idle*: how long one webhook takes when nothing else is going on, beyond what the disk takes to sync."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.load.deliveries import deliveries, write_requests
from tests.benchmarks.load.outcome import Outcome, quantile
from tests.benchmarks.load.run import Load, send
from tests.benchmarks.machine import time_syncs
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.project import edge_port, running_project
from tests.benchmarks.timing import tell
from tests.support.postgres import PostgresStartError, running_postgres
from tests.support.processes import Tollbook
from tests.support.telnyx_signer import TelnyxSigner

_PACE_S = 0.02
_WARM_UP_SHARE = 0.1
P50_BEYOND_SYNC_MS = 3.0
P99_BEYOND_SYNC_MS = 8.0


@dataclass(frozen=True, slots=True)
class _Round:
    p50_ms: float
    p99_ms: float


def measure(effort: Effort) -> Report:
    """One connection, a webhook every 20 ms, each store in turn with bare syncs of the same disk."""
    seconds = 3.0 if effort.is_quick else 6.0
    signer = TelnyxSigner()
    rounds: dict[str, list[_Round]] = defaultdict(list)
    notes = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbook-bench-")))
        stores = {"SQLite": stack.enter_context(running_project(folder / "sqlite", signer.public_key))}
        try:
            postgres = stack.enter_context(running_postgres(is_durable=True))
            own = running_project(folder / "postgresql", signer.public_key, postgres)
            stores["PostgreSQL"] = stack.enter_context(own)
        except PostgresStartError as error:
            notes.append(f"Without PostgreSQL: {error}")
        for number in range(effort.rounds):
            tell(f"idle: round {number + 1} of {effort.rounds}")
            count = int(seconds / _PACE_S)
            rounds["sync"].append(_quantiles(time_syncs(count // 2, _PACE_S)))
            for store, tollbook in stores.items():
                outcome = _send(folder, tollbook, signer, f"{number} {store}", seconds)
                latencies_s = outcome.answers.latency_s
                rounds[store].append(_quantiles(latencies_s[int(len(latencies_s) * _WARM_UP_SHARE) :]))
    return Report(
        part="idle",
        title="One webhook on an idle system",
        measured=tuple(_figures(rounds)),
        notes=("A webhook every 20 ms over one connection; a sync is 4 KB appended to a file.", *notes),
    )


def _send(folder: Path, tollbook: Tollbook, signer: TelnyxSigner, seed: str, seconds: float) -> Outcome:
    requests = folder / "requests"
    count = int(seconds / _PACE_S) + 1
    write_requests(requests, deliveries(signer, random.Random(seed), count, datetime.now(UTC)))
    load = Load(requests=requests, port=edge_port(tollbook), connections=1, seconds=seconds, pace_s=_PACE_S)
    outcome = send(folder, load)
    if outcome.other_answers:
        raise RuntimeError(f"an idle system answered {outcome.other_answers}")
    return outcome


def _quantiles(times_s: Sequence[float]) -> _Round:
    return _Round(quantile(times_s, 0.5) * 1000, quantile(times_s, 0.99) * 1000)


def _figures(rounds: Mapping[str, Sequence[_Round]]) -> Iterator[Measured]:
    syncs = rounds["sync"]
    for name, of_rounds in rounds.items():
        subject = "a bare sync" if name == "sync" else f"Tollbook, {name}"
        for what in ("p50", "p99"):
            values = tuple(getattr(each, f"{what}_ms") for each in of_rounds)
            yield Measured(subject=subject, name=what, unit="ms", values=values)
        if name == "sync":
            continue
        pairs = list(zip(of_rounds, syncs, strict=True))
        yield Measured(
            subject=subject,
            name="p50 beyond the sync",
            unit="ms",
            values=tuple(mine.p50_ms - sync.p50_ms for mine, sync in pairs),
            at_most=P50_BEYOND_SYNC_MS,
        )
        yield Measured(
            subject=subject,
            name="p99 beyond the sync",
            unit="ms",
            values=tuple(mine.p99_ms - sync.p99_ms for mine, sync in pairs),
            at_most=P99_BEYOND_SYNC_MS,
        )
