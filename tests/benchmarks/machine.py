"""On what was measured: figures mean nothing without it."""

import os
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from services.common.sqlite import choose_sqlite_module
from tests.benchmarks.load.outcome import quantile
from tests.support.postgres import PostgresStartError, running_postgres

_SYNCS = 200
_SYNCED_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, in the words of the document."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    sqlite: str
    postgresql: str
    sync_p50_ms: float
    """Of appending 4 KB to a file and syncing them (fdatasync), where temporary files are."""
    sync_p99_ms: float


def describe_machine() -> Machine:
    """Look at this one; takes about a second."""
    syncs_ms = [sync_s * 1000 for sync_s in time_syncs(_SYNCS)]
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_gb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=str(choose_sqlite_module().sqlite_version),
        postgresql=_postgresql_version(),
        sync_p50_ms=quantile(syncs_ms, 0.5),
        sync_p99_ms=quantile(syncs_ms, 0.99),
    )


def time_syncs(count: int, pause_s: float = 0.0) -> list[float]:
    """How long this disk takes to make 4 KB durable at the end of a file, so many times."""
    times_s = []
    with tempfile.TemporaryFile() as file:
        for _ in range(count):
            time.sleep(pause_s)
            start_s = time.perf_counter()
            os.write(file.fileno(), b"\0" * _SYNCED_BYTES)
            os.fdatasync(file.fileno())
            times_s.append(time.perf_counter() - start_s)
    return times_s


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _postgresql_version() -> str:
    try:
        with running_postgres() as server:
            version = server.admin.info.server_version
    except PostgresStartError:
        return "none"
    return f"{version // 10_000}.{version % 10_000}"
