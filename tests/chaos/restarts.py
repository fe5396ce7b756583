"""Part *restarts*: each process is restarted in turn under load, on both stores, and no webhook fails."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.chaos.returns import IdleStream, idle_stream, time_move, time_return
from tests.chaos.rolling import Rolled, roll
from tests.support.postgres import running_postgres
from tests.support.processes import SERVICES

_RESTARTS = 100
"""On each of the two stores."""
_QUICK_RESTARTS = 7
_ABSENCES_S = (0.5, 2.0, 5.0, 10.0, 20.0)
_RETURN_S = 2.0
_END_S = 10.0


def measure(effort: Effort) -> Report:
    """Both fleets at once, and beside them a stream on which nobody speaks; then servers that come back."""
    count = _QUICK_RESTARTS if effort.is_quick else _RESTARTS
    tell(f"restarts: {count} restarts of a fleet on each store")
    with idle_stream() as stream:
        rolled = _roll_both(count)
    tell("restarts: servers that come back")
    absences_s = _ABSENCES_S[:2] if effort.is_quick else _ABSENCES_S
    returns_s = tuple(time_return(absent_s) for absent_s in absences_s)
    moves_s = tuple(time_move() for _ in range(effort.rounds))
    return Report(
        part="restarts",
        title="Rolling restarts",
        measured=(
            *(figure for store, each in rolled.items() for figure in _of_fleet(store, each, count)),
            *_of_connections(stream, returns_s, moves_s),
        ),
        notes=(
            "On SQLite one ledger, on PostgreSQL two ledgers and two reconcilers; 40 webhooks a second to each fleet.",
            "Two edges each, behind a balancer that asks every 0.1 s which are ready and repeats nothing.",
            f"The server that is back was away for {', '.join(f'{absent_s:g}' for absent_s in absences_s)} s.",
        ),
    )


def _roll_both(count: int) -> dict[str, Rolled]:
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-restarts-") as folder,
        running_postgres() as postgres,
        ThreadPoolExecutor(2) as threads,
    ):
        over = Event()
        on_sqlite = threads.submit(roll, Path(folder) / "sqlite", None, count, over)
        on_postgresql = threads.submit(roll, Path(folder) / "postgresql", postgres, count, over)
        try:
            return {"SQLite": on_sqlite.result(), "PostgreSQL": on_postgresql.result()}
        finally:
            # Broken off, or one of the two failed: the other need not go on.
            over.set()


def _of_fleet(store: str, rolled: Rolled, wanted: int) -> Iterator[Measured]:
    def figure(name: str, unit: str, value: float, at_most: float | None = None) -> Measured:
        return Measured(subject=f"fleet on {store}", name=name, unit=unit, values=(value,), at_most=at_most)

    yield Measured(
        subject=f"fleet on {store}",
        name="restarts",
        unit="",
        values=(float(len(rolled.restarts)),),
        at_least=wanted,
    )
    for service in SERVICES:
        yield figure(f"of them {service.replace('_', '-')}", "", rolled.restarts_of(service))
    yield figure("webhooks acknowledged", "", rolled.acknowledged_count)
    yield figure("webhooks failed", "", rolled.failed_count, at_most=0)
    yield figure("faults behind the balancer", "", len(rolled.faults), at_most=0)
    yield figure("lost or booked twice", "", abs(rolled.booked_count - rolled.acknowledged_count), at_most=0)
    yield figure("longest wait for an answer", "s", rolled.longest_wait_s)
    ends_s = max(restart.stopping_s for restart in rolled.restarts)
    yield figure("longest end of a process", "s", ends_s, at_most=_END_S)


def _of_connections(
    stream: IdleStream, returns_s: tuple[float, ...], moves_s: tuple[float, ...]
) -> Iterator[Measured]:
    def of_returns(name: str, values_s: tuple[float, ...]) -> Measured:
        return Measured(
            subject="server that is back", name=name, unit="s", values=(max(values_s),), at_most=_RETURN_S
        )

    yield of_returns("used again after at most", returns_s)
    yield of_returns("at another address, after at most", moves_s)
    yield Measured(subject="silent stream", name="lasted", unit="s", values=(stream.lasted_s,))
    yield Measured(
        subject="silent stream",
        name="was broken off",
        unit="",
        values=(float(stream.break_count),),
        at_most=0,
    )
