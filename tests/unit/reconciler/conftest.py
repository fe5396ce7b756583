"""A whole reconciler on a fake clock, between a fake ledger and a fake Telnyx, with a real store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.reconciler.attempt import Attempt
from services.reconciler.job import Job
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.reconciler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from tests.support.clocks import ManualClock
from tests.unit.reconciler.fakes import FakeLedger, FakeTelnyx


@dataclass(slots=True)
class World:
    """Everything a scenario touches."""

    clock: ManualClock
    ledger: FakeLedger
    telnyx: FakeTelnyx
    database: Database
    reconciler: Reconciler

    def restart(self, **changes: object) -> None:
        """A new process on the same database, as after a crash."""
        self.reconciler = _reconciler(self.database, self.ledger, self.telnyx, self.clock, changes)

    async def job(self, call_id: str) -> Job:
        """The job of one item, which must exist."""
        job = await self.reconciler.jobs.get(call_id)
        assert job is not None
        return job

    async def history(self, call_id: str) -> tuple[Attempt, ...]:
        """The attempts of one item's job, which must exist."""
        found = await self.reconciler.jobs.with_history(call_id)
        assert found is not None
        return found[1]

    async def attempt(self) -> list[Job]:
        """What one second of the timed loop does for jobs."""
        await self.reconciler.discovery.tick()
        return await self.reconciler.rounds.run_round()

    async def sweep_all(self, most_steps: int = 200) -> int:
        """Sweep until nothing is due; gives the number of steps that did something."""
        for step in range(most_steps):
            if await self.reconciler.sweeps.tick():
                return step
        raise AssertionError("the sweeps find no end")


def _reconciler(
    database: Database, ledger: FakeLedger, telnyx: FakeTelnyx, clock: ManualClock, changes: dict[str, object]
) -> Reconciler:
    settings = ReconcilerSettings.model_validate(
        {"settle_horizon_seconds": 3_600, "sweep_interval_seconds": 900, **changes}
    )
    return Reconciler(settings, database, ledger, telnyx, clock)


@contextmanager
def migrated(url: str) -> Iterator[Database]:
    """An open database with the reconciler's tables."""
    database = open_database(url)
    try:
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
        yield database
    finally:
        database.close()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty world at noon."""
    monkeypatch.chdir(tmp_path)
    clock = ManualClock()
    with migrated(f"sqlite:///{tmp_path / 'reconciler.db'}") as database:
        settings = ReconcilerSettings(settle_horizon_seconds=3_600)
        ledger = FakeLedger(clock, settings.settle_horizon)
        telnyx = FakeTelnyx(clock)
        yield World(clock, ledger, telnyx, database, _reconciler(database, ledger, telnyx, clock, {}))
