"""Part *reconcile*: how many detail records a second become part of the book, over gRPC, on both stores."""

import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from services.common.channel import open_channel
from tests.benchmarks.book_truth import WrongBookError, verify_book
from tests.benchmarks.cpu import tree_cpu_s
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.settled_calls import Calls, draw_calls
from tests.benchmarks.timing import tell
from tests.support.postgres import PostgresServer, PostgresStartError, running_postgres
from tests.support.processes import Tollbook, running_tollbook
from tollbook.ledger.v1 import ledger_pb2
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

AT_LEAST_PER_S = 10_000.0
_BATCH = 1_000
_BOOKED_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class _Round:
    per_s: float
    events_per_s: float
    ledger_us: float
    """CPU time of the ledger for each record."""


def measure(effort: Effort) -> Report:
    """Calls are booked from their webhooks; then come both records of each, a thousand at a time, one after another."""
    call_count = 1_000 if effort.is_quick else 4_000
    rounds: dict[str, list[_Round]] = defaultdict(list)
    notes = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tollbook-bench-")))
        ledgers = {"SQLite": _start_ledger(stack, folder / "sqlite")}
        try:
            postgres = stack.enter_context(running_postgres(is_durable=True))
            ledgers["PostgreSQL"] = _start_ledger(stack, folder / "postgresql", postgres)
        except PostgresStartError as error:
            notes.append(f"Without PostgreSQL: {error}")
        for number in range(effort.rounds):
            calls = draw_calls(random.Random(number), call_count, datetime.now(UTC))
            for store, tollbook in ledgers.items():
                rounds[store].append(asyncio.run(_settle(tollbook, calls)))
                tell(f"reconcile: {store}, {rounds[store][-1].per_s:,.0f} records/s")
        for store, tollbook in ledgers.items():
            result = verify_book(tollbook.target("ledger"))
            notes.append(
                f"{store}: verifying the book found nothing amiss in {result.charge_count:,} charges,"
                f" {result.fact_count:,} facts and {result.entry_count:,} entries."
            )
    return Report(
        part="reconcile",
        title="Detail records, from the wire to the book",
        measured=tuple(_figures(rounds)),
        notes=(f"{call_count:,} calls a round, two records each, {_BATCH:,} in a request.", *notes),
    )


def _start_ledger(stack: ExitStack, folder: Path, postgres: PostgresServer | None = None) -> Tollbook:
    folder.mkdir()
    environment = {} if postgres is None else {"LEDGER_DATABASE_URL": postgres.create_database("ledger")}
    tollbook = stack.enter_context(running_tollbook(folder, environment))
    tollbook.start("ledger")
    return tollbook


async def _settle(tollbook: Tollbook, calls: Calls) -> _Round:
    """Book the calls, then apply their records. Raises WrongBookError unless each settles its call."""
    async with open_channel(tollbook.target("ledger"), unary_timeout_s=_BOOKED_WITHIN_S) as channel:
        ledger = LedgerServiceStub(channel)
        start_s = time.perf_counter()
        for first in range(0, len(calls.events), _BATCH):
            batch = calls.events[first : first + _BATCH]
            await ledger.RecordEvents(ledger_pb2.RecordEventsRequest(events=batch, until_booked=True))
        booked_s = time.perf_counter() - start_s
        requests = [
            ledger_pb2.RecordDetailRecordsRequest(records=calls.records[first : first + _BATCH])
            for first in range(0, len(calls.records), _BATCH)
        ]
        pid = tollbook.running["ledger"].pid
        cpu_s, start_s = tree_cpu_s(pid), time.perf_counter()
        new_count = 0
        for request in requests:
            new_count += (await ledger.RecordDetailRecords(request)).new_count
        applied_s = time.perf_counter() - start_s
        used_s = tree_cpu_s(pid) - cpu_s
        await _check_settled(ledger, calls, new_count)
    return _Round(
        per_s=len(calls.records) / applied_s,
        events_per_s=len(calls.events) / booked_s,
        ledger_us=used_s / len(calls.records) * 1e6,
    )


async def _check_settled(ledger: LedgerServiceStub, calls: Calls, new_count: int) -> None:
    unsettled = await ledger.ListUnsettled(ledger_pb2.ListUnsettledRequest(page_size=1))
    if new_count != len(calls.records) or any(not item.settled for item in unsettled.items):
        raise WrongBookError(
            f"{new_count} of {len(calls.records)} records were new, and not all calls are settled"
        )


def _figures(rounds: Mapping[str, Sequence[_Round]]) -> Iterator[Measured]:
    for store, of_rounds in rounds.items():
        yield Measured(
            subject=f"Tollbook, {store}",
            name="detail records applied",
            unit="/s",
            values=tuple(each.per_s for each in of_rounds),
            at_least=AT_LEAST_PER_S if store == "SQLite" else None,
        )
        for name, unit, values in (
            ("CPU of ledger, each", "µs", [each.ledger_us for each in of_rounds]),
            ("webhooks booked before, a thousand a request", "/s", [each.events_per_s for each in of_rounds]),
        ):
            yield Measured(subject=f"Tollbook, {store}", name=name, unit=unit, values=tuple(values))
