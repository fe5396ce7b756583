"""The part itself: everybody is started once, and takes turns under the same load."""

import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.book_truth import verify_book
from tests.benchmarks.ingest.contestants import (
    Contestant,
    running_node,
    running_orm_commit,
    running_tollbook_on,
    running_verify_only,
)
from tests.benchmarks.ingest.figures import figures
from tests.benchmarks.ingest.run import Acknowledged, Run
from tests.benchmarks.load.deliveries import deliveries, write_requests
from tests.benchmarks.load.run import Load
from tests.benchmarks.measured import Effort, Report
from tests.benchmarks.timing import tell
from tests.support.postgres import PostgresStartError, running_postgres
from tests.support.telnyx_signer import TelnyxSigner

CONNECTIONS = (64, 256)
_SLOW_AT = CONNECTIONS[0]
"""The slow yardsticks run at this number of connections only: more would only wait longer."""
_WARM_UP_S = 1.5
_FIRST_GUESS_PER_S = 16_000
"""More than anybody takes in the warm-up; afterwards the pace of the fastest is known."""
_LEAST_PER_S = 8_000
_MARGIN = 2.0
"""A machine that was busy in the warm-up may be quick later."""


@dataclass(frozen=True, slots=True)
class _Field:
    """Everybody who takes part, and what could not."""

    signer: TelnyxSigner
    folder: Path
    fast: tuple[Contestant, ...]
    slow: tuple[Contestant, ...]
    notes: tuple[str, ...]

    def at(self, connections: int) -> tuple[Contestant, ...]:
        """Who runs at this number of connections."""
        return self.fast + self.slow if connections == _SLOW_AT else self.fast


def measure(effort: Effort) -> Report:
    """Interleaved rounds of everybody. Raises WrongBookError when a book does not hold what was acknowledged."""
    seconds = 2.0 if effort.is_quick else 5.0
    with _running_field() as field:
        acknowledged = Acknowledged()
        tell("ingest: warming up")
        warm = _round(field, acknowledged, 0, CONNECTIONS[0], _WARM_UP_S, _FIRST_GUESS_PER_S)
        fastest_per_s = _fastest_per_s(warm)
        runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
        for number in range(1, effort.rounds + 1):
            for connections in CONNECTIONS:
                tell(f"ingest: round {number} of {effort.rounds}, {connections} connections")
                per_s = max(_LEAST_PER_S, fastest_per_s * _MARGIN)
                told = _round(field, acknowledged, number, connections, seconds, per_s)
                fastest_per_s = max(fastest_per_s, _fastest_per_s(told))
                for name, run in told.items():
                    runs[name, connections].append(run)
        notes = [*field.notes, *_verified(field)]
    return Report(
        part="ingest",
        title="Webhooks, from the signature to the disk",
        measured=tuple(figures(dict(sorted(runs.items(), key=lambda item: item[0][1])))),
        notes=tuple(notes),
    )


def _round(
    field: _Field, acknowledged: Acknowledged, number: int, connections: int, seconds: float, per_s: float
) -> dict[str, Run]:
    """One turn of everybody with the very same webhooks; who begins changes from round to round."""
    requests = field.folder / "requests"
    count = int(per_s * seconds)
    rng = random.Random(f"{number} {connections}")
    write_requests(requests, deliveries(field.signer, rng, count, datetime.now(UTC)))
    everybody = field.at(connections)
    first = number % len(everybody)
    told = {}
    for contestant in everybody[first:] + everybody[:first]:
        load = Load(requests=requests, port=contestant.port, connections=connections, seconds=seconds)
        run = acknowledged.run(contestant, field.folder, load)
        tell(
            f"  {contestant.name}: {run.acknowledged_per_s:,.0f}/s acknowledged, {run.kept_per_s:,.0f}/s kept,"
            f" p99 {run.p99_ms:.0f} ms, {run.other_count} others"
        )
        told[contestant.name] = run
    return {contestant.name: told[contestant.name] for contestant in everybody}


def _fastest_per_s(runs: Mapping[str, Run]) -> float:
    return max(run.acknowledged_per_s for run in runs.values())


def _verified(field: _Field) -> Iterator[str]:
    for contestant in field.fast:
        if contestant.ledger_target:
            tell(f"ingest: {contestant.name} computes its book again")
            result = verify_book(contestant.ledger_target)
            yield (
                f"{contestant.name}: the book held every acknowledged webhook, and verifying it found nothing amiss"
                f" in {result.charge_count:,} charges and {result.entry_count:,} entries."
            )


@contextmanager
def _running_field() -> Iterator[_Field]:
    signer = TelnyxSigner()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbook-bench-")))
        fast = [
            stack.enter_context(running_verify_only(folder / "verify-only", signer.public_key)),
            stack.enter_context(running_tollbook_on(folder / "sqlite", signer.public_key)),
        ]
        slow = [stack.enter_context(running_orm_commit(folder / "orm-commit", signer.public_key))]
        notes = []
        try:
            postgres = stack.enter_context(running_postgres(is_durable=True))
        except PostgresStartError as error:
            notes.append(f"Without PostgreSQL, and so without plain Node: {error}")
        else:
            fast.append(
                stack.enter_context(running_tollbook_on(folder / "postgresql", signer.public_key, postgres))
            )
            if shutil.which("node"):
                slow.append(stack.enter_context(running_node(folder / "node", signer.public_key, postgres)))
            else:
                notes.append("Without plain Node: there is no `node` on this machine.")
        yield _Field(signer, folder, tuple(fast), tuple(slow), tuple(notes))
