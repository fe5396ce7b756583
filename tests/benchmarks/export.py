"""Part *export*: charges as CSV, in rows a second and memory, at two sizes of the book.

    python -m tests.benchmarks.export --store sqlite --charges 1000000 --json figures.json

Three ways to the same lines: the ledger's own code in this process, the ledger over gRPC, and the edge over HTTP to a
client that only counts. Where the rest goes is told as CPU time of each process. With --books a SQLite book stays in
that folder for the next time.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.exported_book import END_TO_END, Runs, export_book
from tests.benchmarks.filled_books import postgresql_book, sqlite_book
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.large_book import LargeBook
from tests.support.postgres import PostgresServer, PostgresStartError, running_postgres

ROWS_PER_S = 200_000.0
_MOST_GROWTH_MB = 24.0
"""Ten times the rows take no more memory: this much is what an allocator may keep."""
_STORE_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exports:
    """What is exported, and how often. `keep_in`: where SQLite books stay for the next time."""

    stores: Sequence[DatabaseKind] = DATABASE_KINDS
    large: int = 1_000_000
    small: int = 100_000
    rounds: int = 3
    keep_in: Path | None = None


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
            runs: defaultdict[str, Runs] = defaultdict(Runs)
            peaks_mb.append(export_book(url, count, wanted.rounds, runs))
            yield from _figures(f"{_STORE_NAMES[store]}, {count:,} charges", runs)
        yield from _memory(_STORE_NAMES[store], peaks_mb)


@contextmanager
def _book(size: LargeBook, server: PostgresServer | None, keep_in: Path | None) -> Iterator[str]:
    if server is not None:
        yield postgresql_book(server, size)
        return
    with sqlite_book(size, keep_in) as url:
        yield url


def _figures(subject: str, runs: Mapping[str, Runs]) -> Iterator[Measured]:
    for way, of_way in runs.items():
        yield Measured(
            subject=subject,
            name=f"rows {way}",
            unit="/s",
            values=tuple(of_way.rows_per_s),
            at_least=ROWS_PER_S if way == END_TO_END else None,
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
