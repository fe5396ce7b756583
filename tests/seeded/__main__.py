"""Break each promise of docs/reliability.md on purpose, and see whether its test notices.

    python -m tests.seeded [--only WORD ...] [--at-once 1|2]

For each seed of tests/seeded/*.toml a copy of the repository gets its bug, and there its test must fail, for a reason
that it has itself; without the bug it must pass. Fails when a bug goes unnoticed, or a promise has none.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.seeded.seeds import chosen, promises_without_seed, read_seeds
from tests.seeded.trials import Trial, try_seeds
from tests.seeded.verdicts import Outcome

# Where the output is no terminal, rich would squeeze the table into 80 columns.
_console = Console(width=None if sys.stdout.isatty() else 140)


def main() -> int:
    """Give 0 if every bug was noticed."""
    parser = argparse.ArgumentParser(
        prog="make seeded", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD", help="seeds whose room, promise, file or test has it"
    )
    parser.add_argument("--at-once", type=int, choices=(1, 2), default=2, help="how many tests run at once")
    asked = parser.parse_args()
    # Ended from outside, it must leave no copy and no process behind either.
    signal.signal(signal.SIGTERM, _interrupt)
    every = read_seeds()
    seeds = chosen(every, asked.only)
    if not seeds:
        parser.error(f"no seed has {' or '.join(asked.only)}")
    trials = asyncio.run(try_seeds(seeds, asked.at_once, _tell))
    _console.print(_table(trials))
    bare = [] if asked.only else promises_without_seed(every)
    for promise in bare:
        _tell(f"no seed breaks the promise {promise}")
    unnoticed = [trial for trial in trials if not trial.is_noticed]
    _tell(f"bugs put in: {len(trials)}, noticed: {len(trials) - len(unnoticed)}")
    return int(bool(unnoticed or bare))


def _table(trials: Sequence[Trial]) -> Table:
    table = Table("promise", "bug", "test", "without", "with", "what it said", show_lines=True)
    for trial in trials:
        seed = trial.seed
        told = trial.seeded if trial.clean.outcome is Outcome.PASSED else trial.clean
        texts = (
            seed.promise,
            seed.bug,
            seed.test_name,
            trial.clean.outcome,
            trial.seeded.outcome,
            told.reason,
        )
        table.add_row(*map(escape, texts), style="" if trial.is_noticed else "bold red")
    return table


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _tell(text: str) -> None:
    _console.print(text, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
