"""A book exported three ways: by the ledger's own code in this process, over gRPC, and over HTTP."""

import asyncio
import http.client
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.common.channel import open_channel
from services.common.database import open_database
from services.ledger.exports import ChargeExports
from services.ledger.store.charge_filters import ChargeFilter
from tests.benchmarks.cpu import tree_cpu_s
from tests.benchmarks.project import edge_port
from tests.support.processes import Tollbook, running_tollbook
from tollbook.ledger.v1.ledger_pb2 import ExportChargesRequest
from tollbook.ledger.v1.ledger_pb2_grpc import LedgerServiceStub

END_TO_END = "over HTTP"

_EVERYTHING = "/api/billing/records?export=true&from=2000-01-01"
_READ_BYTES = 256 * 1024


@dataclass(slots=True)
class Runs:
    """Of one book and one way: rows a second of each round, and the CPU time per row of each process, in µs."""

    rows_per_s: list[float] = field(default_factory=list)
    cpu_us: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def export_book(url: str, count: int, rounds: int, runs: Mapping[str, Runs]) -> Mapping[str, float]:
    """Fill `runs`, by the names of the ways; tells how much memory each process took at the most, in MB.

    Raises RuntimeError when not all of `count` charges came.
    """
    # The file of a book belongs to one process: this one first.
    for _ in range(rounds):
        _take(runs["in the ledger's code alone"], lambda: asyncio.run(_in_process(url)), count, {})
    with _running(url) as tollbook:
        pids = {name: each.pid for name, each in tollbook.running.items()}
        target, port = tollbook.target("ledger"), edge_port(tollbook)
        for _ in range(rounds):
            _take(runs["over gRPC"], lambda: asyncio.run(_over_grpc(target)), count, pids)
            _take(runs[END_TO_END], lambda: _over_http(port), count, pids)
        return {name: _peak_mb(pid) for name, pid in pids.items()}


@contextmanager
def _running(url: str) -> Iterator[Tollbook]:
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_tollbook(Path(folder), {"LEDGER_DATABASE_URL": url}) as tollbook,
    ):
        for service in ("ledger", "gateway"):
            tollbook.start(service)
        yield tollbook


def _take(runs: Runs, read: Callable[[], int], count: int, pids: Mapping[str, int]) -> None:
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
