"""Real processes that die, freeze, starve and come back: whoever watches sees each of it, and that it is over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.backends import Backends, Targets, open_backends
from gateway.freshness_watch import FreshnessWatch
from services.common.clock import SystemClock
from services.common.freshness.observed import Look
from services.common.freshness.symptom import Patience
from tests.support.ports import free_port
from tests.support.processes import Tollbook, running_tollbook

pytestmark = pytest.mark.timeout(150)

_IMPATIENT = Patience(silent=timedelta(seconds=1), failing=timedelta(seconds=1), unread=timedelta(seconds=1))
_LONGEST_S = 60.0
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class _Watched:
    """Three services at work, and somebody who looks at them as the edge does, with less patience."""

    tollbook: Tollbook
    backends: Backends
    watch: FreshnessWatch

    async def sees(self, *names: str) -> None:
        """Look until one of these has stopped."""
        async with asyncio.timeout(_LONGEST_S):
            while not {symptom.name for symptom in self.watch.symptoms} & set(names):
                await asyncio.sleep(_POLL_S)
                await self.watch.look()

    async def hears(self, condition: Callable[[Look], bool]) -> None:
        """Look until what everyone says meets a condition."""
        async with asyncio.timeout(_LONGEST_S):
            seen = await self.backends.onlooker.look()
            while not condition(seen):
                await asyncio.sleep(_POLL_S)
                seen = await self.backends.onlooker.look()

    async def sees_no_more(self, name: str) -> None:
        """Look until this goes on."""
        async with asyncio.timeout(_LONGEST_S):
            while name in {symptom.name for symptom in self.watch.symptoms}:
                await asyncio.sleep(_POLL_S)
                await self.watch.look()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[_Watched]:
    environment = {
        # Nobody answers as Telnyx: whatever is asked there fails.
        "TELNYX_API_BASE": f"http://127.0.0.1:{free_port()}",
        "TELNYX_API_KEY": "KEY0123456789",
        "SWEEP_INTERVAL_SECONDS": "1",
    }
    with running_tollbook(tmp_path, environment) as tollbook:
        for service in ("ledger", "telnyx_gateway", "reconciler"):
            tollbook.start(service)
        targets = Targets(*(tollbook.target(name) for name in ("ledger", "telnyx_gateway", "reconciler")))
        async with open_backends(targets) as backends:
            watch = FreshnessWatch(backends.onlooker.look, SystemClock(), _IMPATIENT)
            yield _Watched(tollbook, backends, watch)


async def test_a_reconciler_that_freezes_starves_or_dies_is_seen_until_it_is_back(watched: _Watched) -> None:
    await watched.hears(_starves)
    await watched.sees("records_unread", "telnyx_away")
    reconciler = watched.tollbook.running["reconciler"]
    os.kill(reconciler.pid, signal.SIGSTOP)
    await watched.sees("reconciler_silent")
    os.kill(reconciler.pid, signal.SIGCONT)
    await watched.sees_no_more("reconciler_silent")
    watched.tollbook.kill("ledger")
    await watched.sees("ledger_silent")
    await watched.hears(lambda seen: _fails(seen, "finding work"))
    watched.tollbook.start("ledger")
    await watched.sees_no_more("ledger_silent")
    await watched.hears(lambda seen: not _fails(seen, "finding work"))
    watched.tollbook.kill("reconciler")
    await watched.sees("reconciler_silent")


def _starves(seen: Look) -> bool:
    ages = [one.unread_age for one in seen.progress.reconcilers] if seen.progress else []
    return any(age is not None and age > timedelta(seconds=1) for age in ages)


def _fails(seen: Look, name: str) -> bool:
    works = [work for one in seen.progress.reconcilers for work in one.works] if seen.progress else []
    return any(work.name == name and work.failing_age is not None for work in works)
