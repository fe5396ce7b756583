"""What happens next about a cost, and why a part of it is missing, in words for people. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

JobStatus = Literal["pending", "running", "completed", "failed"]
Verdict = Literal["complete", "different", "unproven"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """The reconciler's plan for one call; its status as in SQL.

    `attempts` counts the planned times that are past: several that were overdue are made as one.
    """

    status: JobStatus
    attempts: int
    next_run_at: datetime | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """A sentence; where it speaks of a moment, `at` is that moment."""

    words: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSweep:
    """The latest reading of all records of a type in a window that holds the leg."""

    verdict: Verdict
    total_count: int
    held_count: int


def next_step(job: JobState | None, *, is_done: bool, is_over: bool, now: datetime) -> NextStep:
    """What the book waits for, and who will look when. `is_done`: the cost is exact, and nothing more is expected."""
    if is_done:
        return NextStep(
            "Nothing is left to do. Should Telnyx add or change a record later, an adjustment is booked."
        )
    if not is_over:
        return NextStep("The first attempt to fetch the cost follows within seconds of the hang-up.")
    if job is None or job.status == "completed":
        return NextStep("No attempt is planned; the sweeps over Telnyx's records will settle it.")
    return _of_open_job(job, now)


def sweep_words(sweep: LastSweep) -> str:
    """What the latest sweep proves about a missing part; it did not close it."""
    match sweep.verdict:
        case "complete":
            return (
                "The book has every record that Telnyx showed then. It was too early, or the window too short, to say"
                " that none will come."
            )
        case "different":
            return (
                f"Telnyx counted {_records(sweep.total_count)}, and the book held {sweep.held_count}; so it proves"
                " nothing yet."
            )
        case "unproven":
            return (
                "Telnyx showed no records, and nothing shows that it would have shown any; so the silence proves"
                " nothing."
            )


def _records(count: int) -> str:
    return f"{count} {'record' if count == 1 else 'records'}"


def _of_open_job(job: JobState, now: datetime) -> NextStep:
    past = f"{job.attempts} planned {'time is' if job.attempts == 1 else 'times are'} past"
    if job.status == "running":
        return NextStep(f"An attempt is running now ({past}).")
    if job.status == "failed" or job.next_run_at is None:
        return NextStep(
            "All planned attempts are made. The sweeps go on looking, and settle it once its time"
            " has been read to the end."
        )
    if job.next_run_at <= now:
        return NextStep(f"The next attempt is due now ({past}).")
    return NextStep(f"The next attempt is planned ({past}):", job.next_run_at)
