"""Part *replicas*: two ledgers, three reconcilers and three edges on one PostgreSQL; leaders are killed and frozen."""

import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.chaos.kills.truth import Truth, find_truth
from tests.chaos.takeovers import Takeovers, ask_all_at_once, freeze_leader, kill, kill_leader
from tests.support.drift import equals_the_bill
from tests.support.postgres import running_postgres
from tests.support.replicas import Replicas, running_replicas
from tests.support.waiting import wait_until

SANDBOX = (
    *("--quota-limit", "80", "--quota-window-s", "2"),
    *("--record-delay-min-s", "1", "--record-delay-max-s", "4", "--webhook-duplicate-rate", "0.1"),
)
_SUBJECT = "2 ledgers, 3 reconcilers, 3 edges"
_ROUNDS = 2
_SESSIONS = 100
_RIGHT_S = 120.0
_WITHIN_S = 35.0


def measure(effort: Effort) -> Report:
    """Rounds of load in which leaders are killed and frozen, ledgers and edges killed; then everything is counted."""
    rounds, sessions = (1, 20) if effort.is_quick else (_ROUNDS, _SESSIONS)
    with (
        tempfile.TemporaryDirectory(prefix="tollbook-replicas-") as folder,
        running_postgres() as postgres,
        running_replicas(
            Path(folder), postgres.create_database("replicas"), sandbox_arguments=SANDBOX
        ) as all_of_it,
    ):
        seen = Takeovers()
        for number in range(rounds):
            tell(f"replicas: round {number + 1} of {rounds}")
            live_through(all_of_it, seen, number, sessions)
        right_s = come_right(all_of_it)
        truth = find_truth(all_of_it.stack, all_of_it.rows.url)
        return Report(
            part="replicas",
            title="Several replicas on one PostgreSQL",
            measured=(*_of_takeovers(seen), *_of_jobs(all_of_it), *_of_truth(truth, right_s)),
            notes=(
                "A reconciler that leads is killed, or frozen (SIGSTOP) until another has what it held, then let go.",
                "Between that a ledger and an edge are killed, and cron asks all reconcilers at the same time.",
                "A lead lasts 15 s, the lease of a job 30 s.",
            ),
        )


def live_through(replicas: Replicas, seen: Takeovers, number: int, sessions: int) -> None:
    """One round: calls come in while everything is pulled once, with another ledger and another edge each time."""
    create = replicas.stack.sandbox.client.create
    create("mixed", sessions)
    ask_all_at_once(replicas)
    kill_leader(replicas, seen)
    create("mixed", sessions)
    kill(replicas.fleet.of("ledger")[number % 2])
    create("mixed", sessions)
    kill(replicas.fleet.of("gateway")[number % 3])
    freeze_leader(replicas, seen)
    ask_all_at_once(replicas)


def come_right(replicas: Replicas) -> float:
    """Wait until the book equals the bill and nothing is open; gives the seconds."""
    begin_s = time.monotonic()
    replicas.stack.sandbox.client.wait(60)
    wait_until(
        lambda: equals_the_bill(replicas.stack) and not replicas.rows.open_count(),
        _RIGHT_S,
        "the book does not come to equal the bill",
    )
    return time.monotonic() - begin_s


def doubled_effects(replicas: Replicas) -> int:
    """Jobs that settled more than once by their history, or that reconcilers said twice to have completed."""
    settled = [call_id for call_id, (*_, lines) in replicas.rows.jobs().items() if lines > 1]
    told = [call_id for call_id, count in Counter(replicas.completions()).items() if count > 1]
    return len(set(settled) | set(told))


def _of_takeovers(seen: Takeovers) -> tuple[Measured, ...]:
    return (
        _measured("killed or frozen leaders", "", float(len(seen.lead_s))),
        _measured("the lead was taken over within, at worst", "s", max(seen.lead_s), at_most=_WITHIN_S),
        _measured("jobs were reclaimed within, at worst", "s", max(seen.jobs_s), at_most=_WITHIN_S),
    )


def _of_jobs(replicas: Replicas) -> tuple[Measured, ...]:
    jobs = replicas.rows.jobs()
    requests = sum(replicas.stack.sandbox.client.counts()["requests"].values())
    return (
        _measured("jobs", "", float(len(jobs))),
        _measured("jobs with more than one effect", "", float(doubled_effects(replicas)), at_most=0),
        _measured("requests to Telnyx for each job", "", requests / max(1, len(jobs))),
    )


def _of_truth(truth: Truth, right_s: float) -> tuple[Measured, ...]:
    faults = {
        "acknowledged webhooks lost": truth.lost_count,
        "events booked twice": truth.doubled_count,
        "charges whose entries do not add up": truth.false_sum_count,
        "findings of a verification": truth.finding_count,
        "drift against the bill": truth.drift_nanos,
        "sessions and messages that drift": truth.drifting_count,
    }
    units = {"drift against the bill": "nanos"}
    return (
        _measured("webhooks", "", float(truth.webhook_count)),
        _measured("book equals bill after the last webhook", "s", right_s),
        *(_measured(name, units.get(name, ""), float(count), at_most=0) for name, count in faults.items()),
    )


def _measured(name: str, unit: str, value: float, at_most: float | None = None) -> Measured:
    return Measured(subject=_SUBJECT, name=name, unit=unit, values=(value,), at_most=at_most)
