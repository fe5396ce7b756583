"""`make simulate`: one scenario, or several seeds of it, with a report. A seed that fails is printed and replays."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from tests.simulation.invariants import Broken
from tests.simulation.quota import QuotaOverrun
from tests.simulation.report import lines
from tests.simulation.scenario import Scenario, rush, year
from tests.simulation.simulation import simulate

_BUSY = 1_000
"""From so many sessions a day on the settings are those that Tollbook comes with."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a seed failed."""
    asked = _parser().parse_args(arguments)
    scenarios = [_scenario(asked, seed) for seed in range(asked.seed, asked.seed + asked.seeds)]
    failed = [scenario for scenario in scenarios if not _is_sound(scenario)]
    for scenario in failed:
        print(f"failed: {scenario.command}")  # noqa: T201 - a report for a person
    return bool(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--sessions", type=int, default=50, help="per day")
    parser.add_argument("--down", type=float, default=0, help="hours at the start in which nobody reconciles")
    return parser


def _scenario(asked: argparse.Namespace, seed: int) -> Scenario:
    make = rush if asked.sessions >= _BUSY else year
    return replace(make(seed, asked.days, asked.sessions), down_s=asked.down * 3_600)


def _is_sound(scenario: Scenario) -> bool:
    try:
        outcome = simulate(scenario)
    except (Broken, QuotaOverrun) as broken:
        print(f"seed {scenario.seed}: {broken}")  # noqa: T201
        return False
    print("\n".join(lines(outcome)), flush=True)  # noqa: T201
    return True


if __name__ == "__main__":
    sys.exit(main())
