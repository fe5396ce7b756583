"""How long each service takes to be ready, and what it holds in memory at rest; a large book beside an empty one.

    python -m tests.benchmarks.start --book var/books/book-10000000.db --json start.json

A start is timed from the call that makes the process to its log line `<service>.ready`. Everything is on SQLite. A
first start makes the databases; the others find them.
"""

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.benchmarks.cpu import resident_mb, tree_cpu_s
from tests.benchmarks.filled_books import sqlite_book
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.support.large_book import LargeBook
from tests.support.processes import SERVICES, Tollbook, running_tollbook

_READY_WITHIN_S: Final = 1.5
_RESIDENT_MB: Final = 100.0
_STARTS: Final = 5
_LARGE: Final = 200_000


@dataclass(frozen=True, slots=True)
class _Start:
    """One start of one service. `resident_mb`: after it had nothing to do for a while."""

    ready_s: float
    cpu_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How often each service is started, how long it then rests, and the large book, if there is one already."""

    starts: int = _STARTS
    rest_s: float = 10.0
    large_charges: int = _LARGE
    book: Path | None = None


def measure(effort: Effort) -> Report:
    """The part of `make bench`."""
    quick = Wanted(starts=1, rest_s=1.0, large_charges=2_000)
    return measure_starts(quick if effort.is_quick else Wanted())


def measure_starts(wanted: Wanted) -> Report:
    """Start, wait, look, stop."""
    measured: list[Measured] = []
    with _tollbook({}) as tollbook:
        for service in SERVICES:
            tell(f"start: {service}")
            first = _started(tollbook, (service,), wanted.rest_s)[service]
            measured += _figures(f"{_name(service)}, its first start", [first], has_goal=False)
        found = _repeatedly(tollbook, SERVICES, wanted)
        for service, starts in found.items():
            measured += _figures(_name(service), starts)
        measured += _figures_of_all(tollbook, wanted)
    measured += _figures("ledger, large book", _starts_on_large_book(wanted))
    return Report(
        part="start",
        title="Start-up and size",
        measured=tuple(measured),
        notes=(
            "Ready is from the making of the process to the log line that says so; MB are 10^6 bytes, resident.",
            f"At rest is {wanted.rest_s:.0f} s after being ready. The large book has {_size_of(wanted)}.",
        ),
    )


def _repeatedly(tollbook: Tollbook, services: Sequence[str], wanted: Wanted) -> Mapping[str, list[_Start]]:
    """Each service alone, in turn."""
    found: defaultdict[str, list[_Start]] = defaultdict(list)
    for _ in range(wanted.starts):
        for service in services:
            found[service].append(_started(tollbook, (service,), wanted.rest_s)[service])
    return found


def _figures_of_all(tollbook: Tollbook, wanted: Wanted) -> tuple[Measured, ...]:
    """All four at the same time, as after a reboot: until the last of them is ready."""
    last_s = []
    for _ in range(wanted.starts):
        found = _started(tollbook, SERVICES, 0.0)
        last_s.append(max(start.ready_s for start in found.values()))
    return (
        Measured(
            subject="all four at once", name="ready", unit="s", values=tuple(last_s), at_most=_READY_WITHIN_S
        ),
    )


def _starts_on_large_book(wanted: Wanted) -> list[_Start]:
    with ExitStack() as stack:
        size = LargeBook(charge_count=wanted.large_charges, has_records=False)
        kept = f"sqlite:///{wanted.book.resolve()}" if wanted.book else None
        url = kept or stack.enter_context(sqlite_book(size))
        tollbook = stack.enter_context(_tollbook({"LEDGER_DATABASE_URL": url}))
        tell("start: ledger, large book")
        _started(tollbook, ("ledger",), wanted.rest_s)
        return _repeatedly(tollbook, ("ledger",), wanted)["ledger"]


def _started(tollbook: Tollbook, services: Sequence[str], rest_s: float) -> Mapping[str, _Start]:
    """Start services at the same time, let them rest, and stop them."""
    began_s: dict[str, float] = {}
    for service in services:
        (tollbook.folder / f"{service}.log").unlink(missing_ok=True)
        began_s[service] = time.time()
        tollbook.begin(service)
    ready: dict[str, tuple[float, float]] = {}
    for service in services:
        process = tollbook.running[service]
        line = process.wait_for_event(f"{_name(service)}.ready")
        ready_s = datetime.fromisoformat(line["timestamp"]).timestamp() - began_s[service]
        ready[service] = (ready_s, tree_cpu_s(process.pid))
    time.sleep(rest_s)
    found = {
        service: _Start(*ready[service], resident_mb(tollbook.running[service].pid)) for service in services
    }
    for service in services:
        tollbook.stop(service)
    return found


def _figures(subject: str, starts: Sequence[_Start], *, has_goal: bool = True) -> tuple[Measured, ...]:
    return (
        Measured(
            subject=subject,
            name="ready",
            unit="s",
            values=tuple(start.ready_s for start in starts),
            at_most=_READY_WITHIN_S if has_goal else None,
        ),
        Measured(
            subject=subject, name="CPU until ready", unit="s", values=tuple(start.cpu_s for start in starts)
        ),
        Measured(
            subject=subject,
            name="at rest",
            unit="MB",
            values=tuple(start.resident_mb for start in starts),
            at_most=_RESIDENT_MB if has_goal else None,
        ),
    )


def _size_of(wanted: Wanted) -> str:
    if wanted.book is None:
        return f"{wanted.large_charges:,} charges"
    return f"{wanted.book.stat().st_size / 1e9:.1f} GB"


def _name(service: str) -> str:
    """As the service calls itself."""
    return service.replace("_", "-")


@contextmanager
def _tollbook(environment: Mapping[str, str]) -> Iterator[Tollbook]:
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_tollbook(Path(folder), environment) as tollbook,
    ):
        yield tollbook


def main() -> None:
    """Measure, and show the figures or write them down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=_STARTS)
    parser.add_argument("--charges", type=int, default=_LARGE, help="of the large book, if it is to be made")
    parser.add_argument("--book", type=Path, help="a large book that is there already, and is written to")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    report = measure_starts(Wanted(starts=asked.starts, large_charges=asked.charges, book=asked.book))
    for figure in report.measured:
        tell(f"{figure.subject}: {figure.name} {figure.value:.2f} {figure.unit}")
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(), indent=1) + "\n")


if __name__ == "__main__":
    main()
