"""One book lives through a plan of kills under load, and is then held against what Telnyx has."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.timing import tell
from tests.chaos.kills.history import OldDays, book_old_days, make_old_days
from tests.chaos.kills.lane import Death, Lane
from tests.chaos.kills.people import People
from tests.chaos.kills.plan import Plan
from tests.chaos.kills.stores import end_leases, intake_size, missing_events
from tests.chaos.kills.traffic import send_burst, send_traffic
from tests.chaos.kills.truth import Truth, find_truth
from tests.support.drift import equals_the_bill
from tests.support.processes import SERVICES
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

_SANDBOX: Final = (
    *("--quota-limit", "20000", "--quota-window-s", "2", "--usage-quota-limit", "2000"),
    *("--reports-quota-limit", "1000"),
    *("--record-delay-min-s", "0.5", "--record-delay-max-s", "4"),
    *("--webhooks-at-once", "64", "--webhook-duplicate-rate", "0.5", "--webhook-disorder-rate", "0.2"),
)
_DELIVERED_WITHIN_S: Final = 120.0
_BOOKED_WITHIN_S: Final = 20.0
_EQUAL_WITHIN_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordeal:
    """What a book is to live through: these kills, while at least so many webhooks are sent."""

    plan: Plan
    webhook_count: int
    seed: int
    old_day_count: int = 0
    """Of days beyond what sweeps read, which people have booked from reports meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survival:
    """What became of it. `missed`: places to which no process came."""

    deaths: tuple[Death, ...]
    missed: tuple[str, ...]
    truth: Truth
    killed_for_s: float
    equal_after_s: float
    """From the last kill, and the last webhook, until the book was equal to the bill."""


def live_through(folder: Path, ledger_url: str, reconciler_url: str, ordeal: Ordeal) -> Survival:
    """Kill, start again, and look. Raises ProcessError when a process ends in any way but those that were planned."""
    environment = {"LEDGER_DATABASE_URL": ledger_url, "RECONCILER_DATABASE_URL": reconciler_url}
    sandbox = (*_SANDBOX, "--seed", str(ordeal.seed))
    with running_stack(folder, sandbox_arguments=sandbox, environment=environment) as stack:
        old_days = make_old_days(stack, ordeal.old_day_count)
        started_s = time.monotonic()
        # A process ends with the thread that started it: these threads live until no process of theirs is left.
        with ThreadPoolExecutor() as threads:
            lanes = _lanes(stack, ordeal.plan, lambda: end_leases(reconciler_url))
            _kill(threads, lanes, stack, ordeal, old_days)
            deaths = _pull_every_plug(stack, lambda: end_leases(reconciler_url))
        killed_s = time.monotonic()
        stack.sandbox.client.wait(_DELIVERED_WITHIN_S)
        book_old_days(stack, old_days)
        _wait_until_equal(stack, ledger_url)
        equal_s = time.monotonic()
        return Survival(
            deaths=(*(death for lane in lanes for death in lane.deaths), *deaths),
            missed=tuple(place for lane in lanes for place in lane.missed),
            truth=find_truth(stack, ledger_url),
            killed_for_s=killed_s - started_s,
            equal_after_s=equal_s - killed_s,
        )


def _wait_until_equal(stack: Stack, ledger_url: str) -> None:
    """Wait for the book to be right; no longer than it can become so. What is different then is told by the truth."""
    with suppress(AssertionError):
        wait_until(lambda: intake_size(ledger_url) == 0, _BOOKED_WITHIN_S, "the intake is not booked")
        if not missing_events(ledger_url, stack.sandbox.client.acknowledged_ids()):
            wait_until(lambda: equals_the_bill(stack), _EQUAL_WITHIN_S, "the book does not equal the bill")


def _lanes(stack: Stack, plan: Plan, before_reconciler: Callable[[], None]) -> list[Lane]:
    return [
        Lane(
            stack.tollbook,
            service,
            plan.get(service, ()),
            before_reconciler if service == "reconciler" else lambda: None,
        )
        for service in SERVICES
    ]


def _kill(
    threads: ThreadPoolExecutor, lanes: Sequence[Lane], stack: Stack, ordeal: Ordeal, old_days: OldDays
) -> None:
    """One lane after the other what may soon be over, then all side by side, under load."""
    for each in lanes:
        threads.submit(each.run_scarce).result()
    rng, kills_are_done = random.Random(ordeal.seed), threading.Event()
    people = People(stack.tollbook, old_days.days, random.Random(rng.random()))
    traffic = (stack.sandbox.base_url, ordeal.webhook_count, random.Random(rng.random()), kills_are_done)
    beside = [threads.submit(send_traffic, *traffic), threads.submit(people.run, kills_are_done)]
    try:
        for carried_out in as_completed([threads.submit(each.run) for each in lanes]):
            carried_out.result()
    finally:
        for each in lanes:
            each.is_stopped = True
        kills_are_done.set()
    for work in beside:
        work.result()


def _pull_every_plug(stack: Stack, before_start: Callable[[], None]) -> list[Death]:
    """All four at once, in the middle of a burst, as when the power fails."""
    taken_before = stack.sandbox.client.counts()["webhooks"].get("accepted", 0)
    send_burst(stack.sandbox.client, 40)
    wait_until(
        lambda: stack.sandbox.client.counts()["webhooks"].get("accepted", 0) > taken_before,
        60,
        "no webhook was taken before the plug is pulled",
        poll_s=0.01,
    )
    for service in SERVICES:
        stack.tollbook.kill(service)
    before_start()
    stack.tollbook.start_all()
    tell("  every plug was pulled at once")
    return [Death(service, "") for service in SERVICES]
