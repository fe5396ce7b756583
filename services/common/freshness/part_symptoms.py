"""Parts that do not answer, that say what keeps them from working, or that work at something without end. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from services.common.freshness.observed import Observed, Part, Progress, ReconcilerProgress, WorkProgress
from services.common.freshness.symptom import SILENT_PARTS, Patience, Symptom

_MEANS: Final[dict[Part, str]] = {
    "ledger": "webhooks are refused, and nothing can be read.",
    "telnyx-gateway": "nothing can be read at Telnyx, and no cost becomes exact.",
    "reconciler": "no cost becomes exact. Webhooks are taken all the same.",
}
_RESTART: Final = "A restart loses nothing."


def silent_parts(seen: Observed, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """Processes that are dead, frozen or out of reach."""
    for part, silent_for in seen.silent_for.items():
        if silent_for >= patience.silent:
            yield Symptom(
                SILENT_PARTS[part],
                now - silent_for,
                f"The {part} does not answer: {_MEANS[part]}",
                f"See whether its process runs and can be reached, and what its log says last. {_RESTART}",
            )


def alarms(seen: Observed, now: datetime) -> Iterator[Symptom]:
    """What processes say themselves, each thing once."""
    told = set()
    for alarm in sorted(seen.alarms, key=lambda alarm: alarm.age, reverse=True):
        if alarm.name not in told:
            told.add(alarm.name)
            yield Symptom(alarm.name, now - alarm.age, alarm.finding, alarm.advice)


def stuck_works(progress: Progress, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """Works whose turn goes on and does nothing: the longest standstill of all."""
    stuck = [
        (work.standstill_age, work)
        for _, work in _works(progress)
        if work.standstill_age is not None and work.standstill_age >= patience.stuck
    ]
    if stuck:
        age, work = max(stuck, key=lambda one: one[0])
        yield Symptom(
            "reconciler_stuck",
            now - age,
            f"The reconciler is stuck at {work.name}: {in_words(age)} without a step{_more(len(stuck))}.",
            f"Restart the reconciler; its log says what it did last. {_RESTART}",
        )


def failing_works(progress: Progress, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """Works that fail turn after turn."""
    failing = [
        (work.failing_age, work)
        for _, work in _works(progress)
        if work.failing_age is not None and work.failing_age >= patience.failing
    ]
    if failing:
        age, work = max(failing, key=lambda one: one[0])
        yield Symptom(
            "reconciler_failing",
            now - age,
            f"The reconciler has been failing at {work.name} for {in_words(age)}{_more(len(failing))}: "
            f"{_reason(work.reason)}",
            "It goes on trying by itself; its log and tollbook doctor say what is in its way.",
        )


def starving(progress: Progress, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """Nothing comes from Telnyx, or not enough of it for what is due."""
    unread = [
        (one.unread_age, one)
        for one in progress.reconcilers
        if one.unread_age is not None and one.unread_age >= patience.unread
    ]
    if unread:
        age, one = max(unread, key=lambda each: each[0])
        yield Symptom(
            "records_unread",
            now - age,
            f"No detail record could be read at Telnyx for {in_words(age)}: {_reason(one.unread_reason)}",
            "It goes on trying by itself; tollbook doctor tells whether it is the API key, the quota or the network.",
        )
    elif progress.overdue_age is not None and progress.overdue_age >= patience.overdue:
        yield Symptom(
            "reconciler_starved",
            now - progress.overdue_age,
            f"Of the attempts to fetch a cost {progress.due_count} are due, the first for "
            f"{in_words(progress.overdue_age)}.",
            "After an outage this passes by itself. If it stays, another program uses up the quota of detail "
            "records, or the account has more calls than the quota can serve: tollbook doctor tells which.",
        )


def refused_types(progress: Progress, now: datetime) -> Iterator[Symptom]:
    """Telnyx refuses to list what every call has a record of."""
    names = sorted({name for one in progress.reconcilers for name in one.refused_record_types})
    if names:
        yield Symptom(
            "records_refused",
            now,
            f"Telnyx refuses to list {' and '.join(names)} records: calls cannot become exact.",
            "Ask Telnyx to allow the API key to read detail records; it is tried again each day and at a restart "
            "of the reconciler.",
        )


def in_words(age: timedelta) -> str:
    """A length of time: 12 minutes, 3 hours, 2 days."""
    count, unit = int(age.total_seconds()) // 60, "minute"
    for size, larger in ((60, "hour"), (24, "day")):
        if count < 2 * size:
            break
        count, unit = count // size, larger
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _works(progress: Progress) -> Iterator[tuple[ReconcilerProgress, WorkProgress]]:
    for one in progress.reconcilers:
        for work in one.works:
            yield one, work


def _more(count: int) -> str:
    return f", and at {count - 1} more" if count > 1 else ""


def _reason(text: str) -> str:
    return f"{(text or 'it gave no reason').rstrip('.')}."
