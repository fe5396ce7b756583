"""Connections to PostgreSQL are cut around the commit, and the server itself crashes, while a whole Tollbook works."""

import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from os import kill
from pathlib import Path
from typing import Final

import psycopg

from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.chaos.kills.traffic import send_traffic
from tests.chaos.kills.truth import Truth, find_truth
from tests.support.cutting_proxy import CUT_KINDS, CutKind, CuttingProxy, cutting_proxy
from tests.support.drift import equals_the_bill
from tests.support.postgres import running_postgres
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

_SEED: Final = 20261123
_SUBJECT: Final = "PostgreSQL, ledger and reconciler"
_CUT_SHARE: Final = 0.5
_SENDERS: Final = 4
_CUTS: Final = 1_000
_QUICK_CUTS: Final = 60
_CRASHES: Final = 3
_LONGEST_S: Final = 240.0
_EQUAL_WITHIN_S: Final = 120.0
_SANDBOX: Final = (
    *("--quota-limit", "20000", "--quota-window-s", "2", "--usage-quota-limit", "2000"),
    *("--record-delay-min-s", "0.5", "--record-delay-max-s", "4"),
    *("--webhooks-at-once", "64", "--webhook-duplicate-rate", "0.3", "--webhook-disorder-rate", "0.2"),
)
_CUT_NAMES: Final[dict[CutKind, str]] = {
    "never_sent": "cut before the commit was sent on",
    "in_flight": "cut while the commit was under way",
    "answer_lost": "cut after the commit, before its answer",
}


_NOTE: Final = (
    "A proxy before PostgreSQL knows its protocol well enough to see a transaction commit that has written something. "
    f"It cuts {_CUT_SHARE:.0%} of them, in three ways, while webhooks come in and the reconciler works; each cut "
    "makes the process renew its whole pool. In between a server process of PostgreSQL is killed (SIGKILL), so that "
    "the server ends all connections and recovers."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endurance:
    """What became of it. `ended_count`: processes that did not live through it."""

    cuts: dict[CutKind, int]
    commit_count: int
    crash_count: int
    cut_for_s: float
    equal_after_s: float
    ended_count: int
    truth: Truth


def measure(effort: Effort) -> Report:
    """Raises nothing of its own: what does not hold is a figure."""
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-chaos-") as folder,
        running_postgres(is_durable=True) as server,
    ):
        url = server.create_database("cuts")
        with cutting_proxy(url, seed=_SEED) as proxy:
            endured = _endure(Path(folder), url, proxy, effort)
    return Report(
        part="cuts",
        title="Connections to PostgreSQL cut around the commit",
        measured=tuple(_figures(endured, effort)),
        notes=(_NOTE,),
    )


def _endure(folder: Path, url: str, proxy: CuttingProxy, effort: Effort) -> Endurance:
    through = proxy.url(url)
    environment = {"LEDGER_DATABASE_URL": through, "RECONCILER_DATABASE_URL": through}
    wanted = _QUICK_CUTS if effort.is_quick else _CUTS
    crash_count = 1 if effort.is_quick else _CRASHES
    sandbox = (*_SANDBOX, "--seed", str(_SEED))
    with running_stack(folder, sandbox_arguments=sandbox, environment=environment) as stack:
        started_s = time.monotonic()
        _cut(stack, proxy, url, wanted, crash_count)
        cut_s = time.monotonic()
        # What is different then is told by the truth, and not only that something is.
        with suppress(AssertionError, TimeoutError):
            stack.sandbox.client.wait(_EQUAL_WITHIN_S)
            wait_until(lambda: equals_the_bill(stack), _EQUAL_WITHIN_S, "the book does not equal the bill")
        return Endurance(
            cuts={kind: proxy.cut_count(kind) for kind in CUT_KINDS},
            commit_count=proxy.commit_count,
            crash_count=crash_count,
            cut_for_s=cut_s - started_s,
            equal_after_s=time.monotonic() - cut_s,
            ended_count=sum(process.popen.poll() is not None for process in stack.tollbook.running.values()),
            truth=find_truth(stack, url),
        )


def _cut(stack: Stack, proxy: CuttingProxy, url: str, wanted: int, crash_count: int) -> None:
    """Send webhooks until so many connections were cut, and crash the server at equal distances."""
    is_enough = threading.Event()
    deadline_s = time.monotonic() + _LONGEST_S
    with ThreadPoolExecutor(_SENDERS) as threads:
        traffic = [
            threads.submit(send_traffic, stack.sandbox.base_url, 0, random.Random(seed), is_enough)
            for seed in range(_SENDERS)
        ]
        try:
            proxy.cut_share = _CUT_SHARE
            for number in range(1, crash_count + 2):
                goal = wanted * number // (crash_count + 1)
                while proxy.cut_count() < goal and time.monotonic() < deadline_s:
                    time.sleep(0.05)
                tell(f"cuts: {proxy.cut_count()} of {wanted}")
                if number <= crash_count:
                    _crash(url)
        finally:
            proxy.cut_share = 0.0
            is_enough.set()
        for sender in traffic:
            sender.result()


def _crash(url: str) -> None:
    """Kill a process of the server that serves Tollbook: the server takes all others down with it, and recovers."""
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tollbook' LIMIT 1"
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    if row is not None:
        kill(int(row[0]), signal.SIGKILL)


def _figures(endured: Endurance, effort: Effort) -> Iterator[Measured]:
    truth = endured.truth
    yield _figure("acknowledged webhooks that are not in the book", truth.lost_count, at_most=0)
    yield _figure("acknowledged requests that were never booked", truth.unbooked_count, at_most=0)
    yield _figure("events that are in the book twice", truth.doubled_count, at_most=0)
    yield _figure("charges of which the entries do not add up", truth.false_sum_count, at_most=0)
    yield _figure("findings of tollbook verify", truth.finding_count, at_most=0)
    yield _figure("drift against the bill", truth.drift_nanos, "nanos", at_most=0)
    yield _figure("sessions and messages at another cost", truth.drifting_count, at_most=0)
    yield _figure("charges that did not become exact", truth.estimated_count, at_most=0)
    yield _figure("processes that did not live through it", endured.ended_count, at_most=0)
    cut_count = sum(endured.cuts.values())
    yield _figure("connections cut", cut_count, at_least=_QUICK_CUTS if effort.is_quick else _CUTS)
    for kind, count in endured.cuts.items():
        yield _figure(_CUT_NAMES[kind], count)
    yield _figure("commits of what was written", endured.commit_count)
    yield _figure("crashes of the server", endured.crash_count)
    yield _figure("webhooks sent", truth.webhook_count)
    yield _figure("events acknowledged", truth.acknowledged_count)
    yield _figure("cut for", endured.cut_for_s, "s")
    yield _figure("equal to the bill after", endured.equal_after_s, "s")


def _figure(
    name: str, value: float, unit: str = "", at_most: float | None = None, at_least: float | None = None
) -> Measured:
    return Measured(
        subject=_SUBJECT, name=name, unit=unit, values=(float(value),), at_most=at_most, at_least=at_least
    )
