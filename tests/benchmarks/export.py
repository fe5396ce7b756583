"""Part *export*: charges as CSV, in rows a second and memory, at two sizes of the book.

    python -m tests.benchmarks.export --store sqlite --charges 1000000 --json figures.json

Three ways to the same lines: the ledger's own code in this process, the ledger over gRPC, and the edge over HTTP to a
client that only counts. Where the rest goes is told as CPU time of each process. With --books a SQLite book stays in
that folder for the next time.
"""

import argparse
import asyncio
import http.client
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.common.channel import open_channel
from services.common.database import open_database
from services.ledger.exports import ChargeExports
from services.ledger.store.charge_filters import ChargeFilter
from tests.benchmarks.cpu import tree_cpu_s
from tests.benchmarks.filled_books import postgresql_book, sqlite_book
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.project import edge_port
from tests.benchmarks.timing import tell
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.large_book import LargeBook
from tests.support.postgres import PostgresServer, PostgresStartError, running_postgres
from tests.support.processes import Tollbook, running_tollbook
from tollbook.ledger.v1.ledger_pb2 import ExportChargesRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

ROWS_PER_S = 200_000.0
_MOST_GROWTH_MB = 16.0
"""Ten times the rows take no more memory: this much is what an allocator may keep."""
_EVERYTHING = "/api/billing/records?export=true&from=2000-01-01"
_READ_BYTES = 256 * 1024
_END_TO_END = "over HTTP"
_STORE_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """What is exported, and how often. `keep_in`: where SQLite books stay for the next time."""

    stores: Sequence[DatabaseKind] = DATABASE_KINDS
    large: int = 1_000_000
    small: int = 100_000
    rounds: int = 3
    keep_in: Path | None = None


@dataclass(slots=True)
class _Runs:
    """Of one book and one way: rows a second of each round, and the CPU time per row of each process, in µs."""

    rows_per_s: list[float] = field(default_factory=list)
    cpu_us: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def measure(effort: Effort) -> Report:
    """The part of `make bench`."""
    quick = Exports(large=40_000, small=4_000, rounds=1)
    return export(quick if effort.is_quick else Exports(rounds=effort.rounds))


def export(wanted: Exports) -> Report:
    """Fill the books of each store, export them, and take them away."""
    measured: list[Measured] = []
    notes = [
        f"All charges of a book, newest first; {wanted.rounds} rounds. CPU time is that of whole processes."
    ]
    for store in wanted.stores:
        try:
            measured += _of_store(store, wanted)
        except PostgresStartError as error:
            notes.append(f"{_STORE_NAMES[store]} is left out: {error}")
    return Report(part="export", title="CSV export", measured=tuple(measured), notes=tuple(notes))


def _of_store(store: DatabaseKind, wanted: Exports) -> Iterator[Measured]:
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres()) if store == "postgresql" else None
        peaks_mb = []
        for count in (wanted.small, wanted.large):
            size = LargeBook(charge_count=count, has_records=False)
            url = stack.enter_context(_book(size, server, wanted.keep_in))
            tell(f"Exporting {count:,} charges.")
            runs: defaultdict[str, _Runs] = defaultdict(_Runs)
            peaks_mb.append(_export_book(url, count, wanted.rounds, runs))
            yield from _figures(f"{_STORE_NAMES[store]}, {count:,} charges", runs)
        yield from _memory(_STORE_NAMES[store], peaks_mb)


def _export_book(url: str, count: int, rounds: int, runs: Mapping[str, _Runs]) -> Mapping[str, float]:
    """Fill `runs`; how much memory each process took at the most, in MB."""
    # The file of a book belongs to one process: this one first.
    for _ in range(rounds):
        _take(runs["in the ledger's code alone"], lambda: asyncio.run(_in_process(url)), count, {})
    with _running(url) as tollbook:
        pids = {name: each.pid for name, each in tollbook.running.items()}
        target, port = tollbook.target("ledger"), edge_port(tollbook)
        for _ in range(rounds):
            _take(runs["over gRPC"], lambda: asyncio.run(_over_grpc(target)), count, pids)
            _take(runs[_END_TO_END], lambda: _over_http(port), count, pids)
        return {name: _peak_mb(pid) for name, pid in pids.items()}


@contextmanager
def _book(size: LargeBook, server: PostgresServer | None, keep_in: Path | None) -> Iterator[str]:
    if server is not None:
        yield postgresql_book(server, size)
        return
    with sqlite_book(size, keep_in) as url:
        yield url


@contextmanager
def _running(url: str) -> Iterator[Tollbook]:
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_tollbook(Path(folder), {"LEDGER_DATABASE_URL": url}) as tollbook,
    ):
        for service in ("ledger", "gateway"):
            tollbook.start(service)
        yield tollbook


def _take(runs: _Runs, read: Callable[[], int], count: int, pids: Mapping[str, int]) -> None:
    """One export, read to its end. Raises RuntimeError if it has not as many lines as it should."""
    before = _cpu_s(pids)
    start_s = time.perf_counter()
    row_count = read() - 1
    took_s = time.perf_counter() - start_s
    if row_count != count:
        raise RuntimeError(f"{row_count:,} rows of {count:,} were exported")
    runs.rows_per_s.append(count / took_s)
    for name, used_s in _cpu_s(pids).items():
        runs.cpu_us[name].append((used_s - before[name]) / count * 1e6)


def _cpu_s(pids: Mapping[str, int]) -> Mapping[str, float]:
    return {"client": time.process_time()} | {name: tree_cpu_s(pid) for name, pid in pids.items()}


async def _in_process(url: str) -> int:
    database = open_database(url)
    try:
        return await _count(ChargeExports(database).lines(ChargeFilter(), "newest"))
    finally:
        database.close()


async def _over_grpc(target: str) -> int:
    async with open_channel(target) as channel:
        exported = LedgerServiceStub(channel).ExportCharges(ExportChargesRequest())
        return await _count(message.lines async for message in exported)


async def _count(chunks: AsyncIterable[bytes]) -> int:
    count = 0
    async for lines in chunks:
        count += lines.count(b"\n")
    return count


def _over_http(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", _EVERYTHING)
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the edge answered {answer.status}")
        count = 0
        while data := answer.read(_READ_BYTES):
            count += data.count(b"\n")
        return count
    finally:
        connection.close()


def _peak_mb(pid: int) -> float:
    """The most that a process ever held in memory, in MB (10^6 bytes)."""
    status = Path(f"/proc/{pid}/status").read_text()
    [peak_kb] = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak_kb) * 1024 / 1e6


def _figures(subject: str, runs: Mapping[str, _Runs]) -> Iterator[Measured]:
    for way, of_way in runs.items():
        yield Measured(
            subject=subject,
            name=f"rows {way}",
            unit="/s",
            values=tuple(of_way.rows_per_s),
            at_least=ROWS_PER_S if way == _END_TO_END else None,
        )
        for name, values in of_way.cpu_us.items():
            yield Measured(subject=subject, name=f"CPU a row, {name}, {way}", unit="µs", values=tuple(values))


def _memory(subject: str, peaks_mb: Sequence[Mapping[str, float]]) -> Iterator[Measured]:
    small, large = peaks_mb
    for name, peak_mb in large.items():
        growth_mb = peak_mb - small[name]
        yield Measured(subject=subject, name=f"most memory, {name}", unit="MB", values=(peak_mb,))
        yield Measured(
            subject=subject,
            name=f"more of it than for the small book, {name}",
            unit="MB",
            values=(growth_mb,),
            at_most=_MOST_GROWTH_MB,
        )


def main() -> None:
    """Export, and show the figures or write them down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Exports()
    parser.add_argument("--store", choices=DATABASE_KINDS, action="append")
    parser.add_argument("--charges", type=int, default=usual.large)
    parser.add_argument("--compare", type=int, default=usual.small)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--books", type=Path, help="a folder in which SQLite books stay")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    report = export(
        Exports(
            stores=asked.store or DATABASE_KINDS,
            large=asked.charges,
            small=asked.compare,
            rounds=asked.rounds,
            keep_in=asked.books,
        )
    )
    for each in report.measured:
        mark = " (missed)" if each.is_reached is False else ""
        tell(f"{each.value:12,.2f} {each.unit:3} {each.subject}: {each.name}{mark}")
    for note in report.notes:
        tell(note)
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(), indent=1) + "\n")


if __name__ == "__main__":
    main()
