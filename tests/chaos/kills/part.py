"""The part itself: first on SQLite, then on PostgreSQL."""

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.chaos.kills.places import PLACES
from tests.chaos.kills.plan import Plan, kills_of
from tests.chaos.kills.run import Ordeal, Survival, live_through
from tests.support.databases import DATABASE_KINDS, DatabaseKind
from tests.support.postgres import running_postgres

_SEED: Final = 20261123
_WEBHOOKS: Final = 10_500
_RANDOM_KILLS: Final = 8
_OLD_DAYS: Final = 24
_QUICK_WEBHOOKS: Final = 300
_QUICK_PLACES: Final = 2
_NAMES: Final = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def measure(effort: Effort) -> Report:
    """Raises ProcessError when a process ends otherwise than by being killed."""
    survivals = {}
    for number, kind in enumerate(DATABASE_KINDS):
        tell(f"kills: on {_NAMES[kind]}")
        survivals[_NAMES[kind]] = _live_through(kind, effort, _SEED + number)
    return Report(
        part="kills",
        title="Every process killed, at every step and at random",
        measured=tuple(_figures(survivals, effort)),
        notes=tuple(_notes(survivals, effort)),
    )


def _live_through(kind: DatabaseKind, effort: Effort, seed: int) -> Survival:
    ordeal = Ordeal(
        plan=_plan(effort, random.Random(seed)),
        webhook_count=_QUICK_WEBHOOKS if effort.is_quick else _WEBHOOKS,
        seed=seed,
        old_day_count=_OLD_DAYS,
    )
    with tempfile.TemporaryDirectory(prefix="tollbook-chaos-") as folder, _urls(kind, Path(folder)) as urls:
        return live_through(Path(folder), *urls, ordeal)


def _plan(effort: Effort, rng: random.Random) -> Plan:
    if effort.is_quick:
        return {name: kills_of(rng.sample(places, _QUICK_PLACES), 1, rng) for name, places in PLACES.items()}
    return {name: kills_of(places, _RANDOM_KILLS, rng) for name, places in PLACES.items()}


@contextmanager
def _urls(kind: DatabaseKind, folder: Path) -> Iterator[tuple[str, str]]:
    """Of the ledger's database and the reconciler's."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'ledger.db'}", f"sqlite:///{folder / 'reconciler.db'}"
        return
    with running_postgres() as postgres:
        url = postgres.create_database("kills")
        yield url, url


def _figures(survivals: dict[str, Survival], effort: Effort) -> Iterator[Measured]:
    wanted = {place for places in PLACES.values() for place in places}
    for name, survival in survivals.items():
        truth = survival.truth
        hit = {death.place for death in survival.deaths if death.place}
        missed = survival.missed if effort.is_quick else wanted - hit
        yield _figure(name, "acknowledged webhooks that are not in the book", truth.lost_count, at_most=0)
        yield _figure(name, "acknowledged requests that were never booked", truth.unbooked_count, at_most=0)
        yield _figure(name, "events that are in the book twice", truth.doubled_count, at_most=0)
        yield _figure(name, "charges of which the entries do not add up", truth.false_sum_count, at_most=0)
        yield _figure(name, "findings of tollbook verify", truth.finding_count, at_most=0)
        yield _figure(name, "drift against the bill", truth.drift_nanos, "nanos", at_most=0)
        yield _figure(name, "sessions and messages at another cost", truth.drifting_count, at_most=0)
        yield _figure(name, "charges that did not become exact", truth.estimated_count, at_most=0)
        yield _figure(name, "failpoints at which nothing was killed", len(missed), at_most=0)
        yield _figure(name, "failpoints at which a process was killed", len(hit))
        yield _figure(name, "webhooks sent", truth.webhook_count)
        yield _figure(name, "events acknowledged", truth.acknowledged_count)
        yield _figure(name, "killed for", survival.killed_for_s, "s")
        yield _figure(name, "equal to the bill after", survival.equal_after_s, "s")
    yield from _totals(list(survivals.values()), effort)


def _totals(survivals: Sequence[Survival], effort: Effort) -> Iterator[Measured]:
    kills = sum(len(survival.deaths) for survival in survivals)
    webhooks = sum(survival.truth.webhook_count for survival in survivals)
    yield _figure("both stores", "processes killed", kills, at_least=None if effort.is_quick else 200)
    yield _figure("both stores", "webhooks sent", webhooks, at_least=None if effort.is_quick else 20_000)


def _figure(
    subject: str,
    name: str,
    value: float,
    unit: str = "",
    at_most: float | None = None,
    at_least: float | None = None,
) -> Measured:
    return Measured(
        subject=subject, name=name, unit=unit, values=(float(value),), at_most=at_most, at_least=at_least
    )


def _notes(survivals: dict[str, Survival], effort: Effort) -> Iterator[str]:
    yield (
        "Each process is started with one failpoint, kills itself there (SIGKILL) and is started again with the next, "
        "all four side by side, while the sandbox sends calls and messages in bursts (half of the webhooks come "
        "twice, a fifth of the sessions out of order) and people and cron ask for everything that can be asked for; "
        "some kills come at random moments, and in the end all four are killed at once. "
        "Leases of a reconciler that was killed are ended by hand, so that not every kill costs half a minute."
    )
    for name, survival in survivals.items():
        at_random = Counter(death.service for death in survival.deaths if not death.place)
        told = ", ".join(f"{service} {count}" for service, count in sorted(at_random.items()))
        yield f"{name}: killed at random moments: {told}."
        if survival.missed:
            yield f"{name}: not reached: {', '.join(sorted(survival.missed))}."
    if not effort.is_quick:
        for service, places in PLACES.items():
            yield f"The failpoints of {service}: {', '.join(places)}."
