"""From the runs of all rounds to figures and ratios. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.ingest.names import NODE, ORM_COMMIT, POSTGRESQL, SQLITE, VERIFY_ONLY
from tests.benchmarks.ingest.run import Run
from tests.benchmarks.measured import Measured, ratios

Runs = Mapping[tuple[str, int], Sequence[Run]]
"""By contestant and connections: one for each round."""


@dataclass(frozen=True, slots=True)
class Goal:
    """How many times a yardstick a contestant should reach, at so many connections."""

    contestant: str
    connections: int
    yardstick: str
    at_least: float


GOALS = (
    Goal(SQLITE, 64, VERIFY_ONLY, 0.85),
    Goal(SQLITE, 256, VERIFY_ONLY, 1.0),
    Goal(SQLITE, 64, NODE, 3.0),
    Goal(POSTGRESQL, 64, NODE, 1.8),
    Goal(SQLITE, 64, ORM_COMMIT, 10.0),
)
P99_AT_MOST_MS = {64: 60.0}


def figures(runs: Runs) -> Iterator[Measured]:
    """For each contestant and number of connections: its pace, its ratios, its latencies, its costs."""
    for (contestant, connections), of_rounds in runs.items():
        setting = f"{connections} connections"
        yield _figure(
            setting, contestant, "acknowledged", "/s", of_rounds, lambda run: run.acknowledged_per_s
        )
        if contestant in (SQLITE, POSTGRESQL):
            yield from _ratios(runs, contestant, connections)
            yield _figure(
                setting, contestant, "booked, to the last", "/s", of_rounds, lambda run: run.kept_per_s
            )
        yield from _latencies(setting, contestant, of_rounds, P99_AT_MOST_MS.get(connections))
        for role in of_rounds[0].cpu_us:
            values = tuple(run.cpu_us[role] for run in of_rounds)
            yield Measured(
                setting=setting, subject=contestant, name=f"CPU of {role}, each", unit="µs", values=values
            )
        yield _figure(
            setting, contestant, "answers other than 200", "", of_rounds, lambda run: run.other_count
        )
        yield _figure(
            setting,
            contestant,
            "load generator, of a core",
            "%",
            of_rounds,
            lambda run: run.generator_share * 100,
        )


def _ratios(runs: Runs, contestant: str, connections: int) -> Iterator[Measured]:
    goals = {
        goal.yardstick: goal.at_least
        for goal in GOALS
        if (goal.contestant, goal.connections) == (contestant, connections)
    }
    setting = f"{connections} connections"
    mine = runs[contestant, connections]
    for yardstick in (VERIFY_ONLY, NODE, ORM_COMMIT):
        theirs = runs.get((yardstick, connections))
        if theirs is None:
            continue
        pace = [run.acknowledged_per_s for run in theirs]
        yield Measured(
            setting=setting,
            subject=contestant,
            name=f"acknowledged, against {yardstick}",
            unit="times",
            values=ratios([run.acknowledged_per_s for run in mine], pace),
            at_least=goals.get(yardstick),
        )
        if yardstick != VERIFY_ONLY:
            yield Measured(
                setting=setting,
                subject=contestant,
                name=f"booked, against {yardstick}",
                unit="times",
                values=ratios([run.kept_per_s for run in mine], pace),
            )


def _latencies(
    setting: str, contestant: str, of_rounds: Sequence[Run], p99_at_most: float | None
) -> Iterator[Measured]:
    is_ours = contestant in (SQLITE, POSTGRESQL)
    yield _figure(setting, contestant, "p50", "ms", of_rounds, lambda run: run.p50_ms)
    yield Measured(
        setting=setting,
        subject=contestant,
        name="p99",
        unit="ms",
        values=tuple(run.p99_ms for run in of_rounds),
        at_most=p99_at_most if is_ours else None,
    )
    yield _figure(setting, contestant, "longest", "ms", of_rounds, lambda run: run.longest_ms)


def _figure(
    setting: str, subject: str, name: str, unit: str, of_rounds: Sequence[Run], value: Callable[[Run], float]
) -> Measured:
    values = tuple(map(value, of_rounds))
    return Measured(setting=setting, subject=subject, name=name, unit=unit, values=values)
