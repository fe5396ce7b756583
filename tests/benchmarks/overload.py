"""Part *overload*: five times the senders that saturate, reads beside; and a ledger that stops, dies and returns."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.book_truth import WrongBookError, wait_until_booked
from tests.benchmarks.load.outcome import Outcome
from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.ordeals import (
    OVERLOAD,
    READING_CONNECTIONS,
    SATURATING_CONNECTIONS,
    STEADY_CONNECTIONS,
    STEADY_PACE_S,
    STOPPED_S,
    Ordeal,
    Seen,
)
from tests.benchmarks.project import running_project
from tests.benchmarks.read_balance import record_balance
from tests.benchmarks.recovery import recovered_after_s
from tests.benchmarks.timing import tell
from tests.benchmarks.watching import Memory
from tests.support.processes import Tollbook
from tests.support.telnyx_signer import TelnyxSigner

NORMAL_AGAIN_WITHIN_S = 10.0
MEMORY_GROWS_AT_MOST = 1.1
_SENDERS = OVERLOAD * SATURATING_CONNECTIONS
_NOTES = (
    f"{OVERLOAD} times overload: {_SENDERS} senders of webhooks, and {READING_CONNECTIONS} readers without a pause.",
    "Who is told to come back later does so when told.",
    f"Under {STEADY_CONNECTIONS / STEADY_PACE_S:.0f} webhooks a second the ledger is stopped, killed and started.",
    f"It is stopped for {STOPPED_S:.0f} s (SIGSTOP): a read that was asked meanwhile waits for its deadline.",
    "Normal again: a webhook and a read every tenth of a second are answered 200 within half a second.",
)


def measure(effort: Effort) -> Report:
    """On SQLite: the store with one writer, where reads and webhooks are most in each other's way."""
    storm_s, after_s = (5.0, 8.0) if effort.is_quick else (15.0, 14.0)
    signer = TelnyxSigner()
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-bench-") as folder,
        running_project(Path(folder) / "sqlite", signer.public_key) as tollbook,
    ):
        record_balance(tollbook.target("ledger"))
        ordeal = Ordeal(Path(folder), tollbook, signer, after_s)
        tell(f"overload: {_SENDERS} senders for {storm_s:.0f} s")
        storm = ordeal.storm(storm_s)
        tell("overload: the ledger stops, dies and returns")
        outage = ordeal.outage()
        _check_book(tollbook, (*storm.webhooks, *outage.webhooks))
    return Report(
        part="overload",
        title="Overload, and a ledger that is away",
        measured=(*_figures(storm), *_figures(outage)),
        notes=_NOTES,
    )


def _check_book(tollbook: Tollbook, sent: tuple[Outcome, ...]) -> None:
    acknowledged = sum(outcome.acknowledged_count for outcome in sent)
    others = sum(sum(outcome.other_answers.values()) for outcome in sent)
    held = wait_until_booked(tollbook.target("ledger"), acknowledged)
    if held > acknowledged + others:
        raise WrongBookError(f"of {acknowledged} acknowledged webhooks {held} are in the book")


def _figures(seen: Seen) -> Iterator[Measured]:
    figure = partial(_figure, seen.name)
    senders = seen.webhooks[0]
    yield figure("webhooks acknowledged", "/s", senders.acknowledged_per_s)
    yield figure("p99 of an acknowledged webhook", "ms", senders.latency_ms(0.99))
    for what, outcomes in (("webhooks", seen.webhooks), ("reads", seen.reads)):
        others = Counter[int]()
        for outcome in outcomes:
            others.update(outcome.other_answers)
        without_delay = sum(outcome.answers.refused_without_delay for outcome in outcomes)
        yield figure(f"{what} refused with 503", "", others[503])
        yield figure(f"{what} refused without Retry-After", "", without_delay, 0)
        yield figure(f"{what} answered otherwise, or not at all", "", others.total() - others[503])
    yield figure("reads answered", "", sum(outcome.acknowledged_count for outcome in seen.reads))
    if seen.memory is not None:
        yield from _memory_figures(figure, seen.memory)
    for what, knocks in (("webhooks", seen.webhooks[-1]), ("reads", seen.reads[-1])):
        recovered_s = recovered_after_s(knocks, seen.over_s)
        # Never within the time that was watched is at least that time.
        shown_s = knocks.end_s - seen.over_s if recovered_s is None else recovered_s
        yield figure(f"{what} normal again after", "s", shown_s, NORMAL_AGAIN_WITHIN_S)


def _memory_figures(figure: Callable[..., Measured], memory: Memory) -> Iterator[Measured]:
    for role in memory.held_mb:
        yield figure(f"{role}, resident before", "MB", memory.at_rest(role))
        yield figure(f"{role}, resident at most", "MB", memory.highest(role))
        yield figure(
            f"{role}, its last third by its first", "times", memory.growth(role), MEMORY_GROWS_AT_MOST
        )


def _figure(name: str, subject: str, unit: str, value: float, at_most: float | None = None) -> Measured:
    return Measured(subject=subject, name=name, unit=unit, values=(value,), at_most=at_most)
