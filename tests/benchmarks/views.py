"""How long what people and programs ask takes in a large book, beside a small one.

    python -m tests.benchmarks.views --store sqlite --charges 10000000 --compare 10000 --json figures.json

Both books are asked in turn, by one caller on the same machine over HTTP, and with --all over gRPC in every filter and
order too: a time is that of the server, the wire and the decoding. 10 million charges need 13 GB of disk; with --books
a SQLite book stays in that folder for the next time.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.benchmarks.asked_book import AskedBook, asked_book
from tests.benchmarks.filled_books import postgresql_book, sqlite_book
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.questions import addresses, questions
from tests.benchmarks.timing import Timing, Work, take_turns, tell
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.large_book import LargeBook
from tests.support.postgres import PostgresStartError, running_postgres

_MOST_TIMES = 2.0
_MOST_P99_MS = 50.0
_STORE_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Which books are compared, and how thoroughly. `keep_in`: where SQLite books stay for the next time."""

    stores: Sequence[DatabaseKind] = DATABASE_KINDS
    large: int = 1_000_000
    small: int = 10_000
    rounds: int = 100
    asks_all: bool = False
    keep_in: Path | None = None

    def sizes(self) -> tuple[LargeBook, LargeBook]:
        """The small one first."""
        small, large = (
            LargeBook(charge_count=count, has_records=False) for count in (self.small, self.large)
        )
        return small, large


@dataclass(frozen=True, slots=True)
class _Asked:
    """One thing that was asked of both books."""

    name: str
    small: Timing
    large: Timing


def measure(effort: Effort) -> Report:
    """The part of `make bench`: a large book as far as some four minutes allow."""
    if effort.is_quick:
        return compare(Comparison(large=20_000, small=2_000, rounds=3))
    return compare(Comparison(large=500_000, rounds=50))


def compare(wanted: Comparison) -> Report:
    """Fill the books of each store, ask them, and take them away."""
    measured: list[Measured] = []
    notes = [
        f"{wanted.large:,} charges of a year on 50 numbers beside {wanted.small:,}.",
        f"Both were asked in turn, {wanted.rounds} times, one question at a time; times are a caller's over loopback.",
    ]
    for store in wanted.stores:
        try:
            asked = _asked_of_store(store, wanted)
        except PostgresStartError as error:
            notes.append(f"{_STORE_NAMES[store]} is left out: {error}")
            continue
        measured += _figures(_STORE_NAMES[store], asked, wanted)
    return Report(
        part="reads", title="Reading a book as it grows", measured=tuple(measured), notes=tuple(notes)
    )


def _asked_of_store(store: DatabaseKind, wanted: Comparison) -> list[_Asked]:
    sizes = wanted.sizes()
    with ExitStack() as stack:
        if store == "sqlite":
            urls = [stack.enter_context(sqlite_book(size, wanted.keep_in)) for size in sizes]
        else:
            server = stack.enter_context(running_postgres())
            urls = [postgresql_book(server, size) for size in sizes]
        return asyncio.run(_ask_both(list(zip(urls, sizes, strict=True)), wanted))


async def _ask_both(books: Sequence[tuple[str, LargeBook]], wanted: Comparison) -> list[_Asked]:
    async with AsyncExitStack() as stack:
        small, large = [await stack.enter_async_context(asked_book(*book)) for book in books]
        tell("Asking both.")
        return [
            _Asked(name, *(await take_turns(works, wanted.rounds)))
            for name, works in _works(small, large, asks_all=wanted.asks_all)
        ]


def _works(small: AskedBook, large: AskedBook, *, asks_all: bool) -> Iterator[tuple[str, Sequence[Work]]]:
    for (name, path), (_, other) in zip(addresses(small.known), addresses(large.known), strict=True):
        yield name, (partial(small.open, path), partial(large.open, other))
    if asks_all:
        for question, same in zip(questions(small.known), questions(large.known), strict=True):
            yield question.name, (partial(small.ask, question), partial(large.ask, same))


def _figures(store: str, asked: Sequence[_Asked], wanted: Comparison) -> Iterator[Measured]:
    for each in asked:
        subject = f"{store}, {each.name}"
        times = each.large.median_ms / each.small.median_ms
        yield Measured(
            subject=subject, name=f"at {wanted.small:,}", unit="ms", values=(each.small.median_ms,)
        )
        yield Measured(
            subject=subject, name=f"at {wanted.large:,}", unit="ms", values=(each.large.median_ms,)
        )
        yield Measured(
            subject=subject,
            name="p99",
            unit="ms",
            values=(each.large.p99_ms,),
            at_most=_MOST_P99_MS,
        )
        yield Measured(
            subject=subject, name="large to small", unit="times", values=(times,), at_most=_MOST_TIMES
        )


def main() -> None:
    """Compare, and show the figures or write them down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Comparison()
    parser.add_argument("--store", choices=DATABASE_KINDS, action="append")
    parser.add_argument("--charges", type=int, default=usual.large)
    parser.add_argument("--compare", type=int, default=usual.small)
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--all", action="store_true", help="every question, in every filter and order")
    parser.add_argument("--books", type=Path, help="a folder in which SQLite books stay")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    asked = parser.parse_args()
    report = compare(
        Comparison(
            stores=asked.store or DATABASE_KINDS,
            large=asked.charges,
            small=asked.compare,
            rounds=asked.rounds,
            asks_all=asked.all,
            keep_in=asked.books,
        )
    )
    for row in _rows(report):
        tell(row)
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(), indent=1) + "\n")


def _rows(report: Report) -> Iterator[str]:
    """One line for each thing asked: both medians, the p99, the ratio."""
    per_thing = 4
    for start in range(0, len(report.measured), per_thing):
        small, large, p99, times = report.measured[start : start + per_thing]
        yield (
            f"{small.value:8.1f} ms {large.value:8.1f} ms  p99 {p99.value:8.1f} ms  {times.value:5.2f} times  "
            f"{small.subject}"
        )
    missed = sum(each.is_reached is False for each in report.measured)
    yield f"{missed} of {len(report.measured) // 2} goals missed"
    yield from report.notes


if __name__ == "__main__":
    main()
