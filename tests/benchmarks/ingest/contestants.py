"""Who takes part: Tollbook on either store, and the yardsticks."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.benchmarks.book_truth import wait_until_booked
from tests.benchmarks.ingest.names import NODE, ORM_COMMIT, POSTGRESQL, SQLITE, VERIFY_ONLY
from tests.benchmarks.project import edge_port, running_project
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.processes import start_process

_NODE_SERVER = Path(__file__).parents[1] / "yardsticks" / "node" / "server.mjs"


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program that takes webhooks at 127.0.0.1:`port`, and the processes that it consists of."""

    name: str
    port: int
    pids: Mapping[str, int]
    """By role: "edge", "ledger", "PostgreSQL"."""
    wait_until_kept: Callable[[int], int]
    """Given how many webhooks it has acknowledged, waits for the last of them; returns how many it holds."""
    ledger_target: str = ""
    """Where a Tollbook's book can be asked."""


@contextmanager
def running_tollbook_on(
    folder: Path, public_key: str, postgres: PostgresServer | None = None
) -> Iterator[Contestant]:
    """The project, on SQLite unless there is a PostgreSQL."""
    with running_project(folder, public_key, postgres) as tollbook:
        target = tollbook.target("ledger")
        pids = {"edge": tollbook.running["gateway"].pid, "ledger": tollbook.running["ledger"].pid}
        yield Contestant(
            name=SQLITE if postgres is None else POSTGRESQL,
            port=edge_port(tollbook),
            pids=pids | ({} if postgres is None else {"PostgreSQL": postgres.pid}),
            wait_until_kept=lambda count: wait_until_booked(target, count),
            ledger_target=target,
        )


@contextmanager
def running_verify_only(folder: Path, public_key: str) -> Iterator[Contestant]:
    """Verifies, parses, answers, and keeps nothing."""
    module = "tests.benchmarks.yardsticks.verify_only"
    with _running("verify-only", ["-m", module], [public_key], folder) as (port, pid):
        yield Contestant(VERIFY_ONLY, port, {"server": pid}, lambda count: count)


@contextmanager
def running_orm_commit(folder: Path, public_key: str) -> Iterator[Contestant]:
    """Commits each webhook by itself, through the ORM."""
    module, file = "tests.benchmarks.yardsticks.orm_commit", folder / "orm.db"
    with _running("orm-commit", ["-m", module], [public_key, f"sqlite:///{file}"], folder) as (port, pid):
        yield Contestant(ORM_COMMIT, port, {"server": pid}, lambda _: _count_in_sqlite(file))


@contextmanager
def running_node(folder: Path, public_key: str, postgres: PostgresServer) -> Iterator[Contestant]:
    """The earlier system's way. There must be a `node`."""
    url, node = postgres.create_database("node"), str(shutil.which("node"))
    with _running("node", [str(_NODE_SERVER)], [public_key, url], folder, node) as (port, pid):
        pids = {"server": pid, "PostgreSQL": postgres.pid}
        yield Contestant(NODE, port, pids, lambda _: _count_in_postgres(url))


@contextmanager
def _running(
    name: str, program: Sequence[str], options: Sequence[str], folder: Path, *interpreter: str
) -> Iterator[tuple[int, int]]:
    """A server of one process, `program PORT options`, in a folder of its own; yields its port and pid."""
    folder.mkdir()
    port = free_port()
    process = start_process(name, [*program, str(port), *options], folder, {}, *interpreter)
    try:
        process.wait_until_ready(f"http://127.0.0.1:{port}/")
        yield port, process.pid
    finally:
        process.kill()


def _count_in_sqlite(file: Path) -> int:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM benchevent").fetchone()[0])
    finally:
        connection.close()


def _count_in_postgres(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM raw_events WHERE processed_at IS NOT NULL").fetchone()
        return int(row[0]) if row else 0
