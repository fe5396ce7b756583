"""Running one scenario to its end, and what it came to."""

import asyncio
import gc
import logging
import sys
import time
from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from unittest import mock

import structlog

from tests.simulation import invariants
from tests.simulation.api import remembering
from tests.simulation.scenario import Scenario
from tests.simulation.virtual_loop import run_virtually
from tests.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One simulation that came to its end."""

    scenario: Scenario
    world: World
    digest: str
    drift_count: int
    kinds: Counter[str]
    cpu_s: float


def simulate(scenario: Scenario) -> Outcome:
    """Live through a scenario and hold it to every invariant. Raises Broken and QuotaOverrun."""
    started_s = time.process_time()
    # Most objects here live to the end: looking for garbage among them again and again takes a third of the time.
    gc.collect()
    gc.freeze()
    gc.disable()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR), processors=[_tell_loudly]
    )
    try:
        with mock.patch("services.telnyx_gateway.detail_reader.read_record", remembering()):
            return run_virtually(_simulate(scenario, started_s))
    except AssertionError as broken:
        broken.add_note(f"again: {scenario.command}")
        raise
    finally:
        structlog.reset_defaults()
        gc.enable()
        gc.unfreeze()


def _tell_loudly(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """What a service logs as an error and survives is a defect here."""
    raise sys.exc_info()[1] or AssertionError(f"an error was logged: {event}")


async def _simulate(scenario: Scenario, started_s: float) -> Outcome:
    world = World(scenario, asyncio.get_running_loop())
    reconciling = await world.live()
    drift = invariants.drift(world.book, world.account)
    kinds = world.telnyx.kinds.copy()
    await world.sweep_all(reconciling)
    invariants.check_journal(world.book)
    invariants.check_no_drift(world.book, world.account)
    digest = invariants.digest(world.book)
    invariants.check_repetition(world.book, world.events, list(world.account.published()), scenario.seed)
    return Outcome(
        scenario=scenario,
        world=world,
        digest=digest,
        drift_count=len(drift),
        kinds=kinds,
        cpu_s=time.process_time() - started_s,
    )
