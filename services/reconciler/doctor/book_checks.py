"""Checks of what is in the book, and of what may be missing from it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.common.times import format_rfc3339
from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.line import counted
from services.reconciler.doctor.check import Check, listed
from services.reconciler.doctor.observations import BookHealth

WEBHOOKS: Final = "Webhooks"
QUARANTINED: Final = "Stale webhooks"
UNREADABLE: Final = "Unreadable facts"
FUTURE: Final = "Times in the future"
UNPROVEN: Final = "Unproven windows"
UNSETTLED: Final = "Unsettled calls"

_QUIET: Final = timedelta(days=1)
_SETTLES_WITHIN: Final = timedelta(hours=5)
"""Beyond the horizon: a closing reading may wait for the next long sweep and for the quota."""


def check_webhooks(health: BookHealth, *, now: datetime) -> Check:
    """Webhooks arrive. Without them calls are found by sweeps only, later and with no estimate."""
    advice = (
        "Set the webhook URL of the application in Telnyx's portal to this edge's /api/telnyx/webhooks/calls, "
        "and see that it can be reached from outside."
    )
    if health.last_event_at is None:
        has_records = any(sweep.total_results for sweep in health.latest_sweeps)
        finding = "No webhook ever arrived" + (", and yet there are detail records." if has_records else ".")
        return Check(WEBHOOKS, "failure" if has_records else "warning", finding, advice)
    last = f"The last of {health.event_count} webhooks came at {_second(health.last_event_at)}."
    if now - health.last_event_at > _QUIET:
        return Check(WEBHOOKS, "warning", last, f"If there were calls since: {advice}")
    return Check(WEBHOOKS, "ok", last)


def check_quarantined(health: BookHealth) -> Check:
    """No webhook is kept aside for a stale timestamp."""
    if not health.quarantined_count:
        return Check(QUARANTINED, "ok", "No webhook of the last 7 days waits for a record to confirm it.")
    return Check(
        QUARANTINED,
        "warning",
        f"{counted(health.quarantined_count, 'webhook')} of the last 7 days came with a stale timestamp, "
        "and no record has confirmed what they say.",
        "Compare the clock of the edge with the true time, and look for a proxy that holds webhooks back.",
    )


def check_unreadable(health: BookHealth) -> Check:
    """Everything could be read. What cannot be read is kept, and blocks settling where it is an amount."""
    if not health.unreadable:
        return Check(UNREADABLE, "ok", "Every fact in the book could be read in full.")
    count = sum(facts.count for facts in health.unreadable)
    worst = max(health.unreadable, key=lambda facts: facts.count)
    return Check(
        UNREADABLE,
        "warning",
        f"{counted(count, 'fact')} could not be read in full; most often {worst.kind}: {worst.reason} "
        f"(for example {worst.example_id}).",
        "Look at the raw text on the page of the call; a newer Tollbook may read it.",
    )


def check_future(health: BookHealth) -> Check:
    """No fact is from the future."""
    if not health.future_count:
        return Check(FUTURE, "ok", "No fact is timed later than it was received.")
    return Check(
        FUTURE,
        "warning",
        f"Facts that are timed more than a day after they were received: {health.future_count}.",
        "Ask Telnyx about such records: their days in summaries and audits are as wrong as their times.",
    )


def check_unproven(told: tuple[BookHealth, Sequence[BookDay]]) -> Check:
    """No type that the account uses was found empty without any proof that the query works (design, rule 3.n)."""
    health, days = told
    names = {sweep.record_type for sweep in health.unproven_sweeps}
    names -= {sweep.record_type for sweep in health.latest_sweeps if sweep.verdict == "complete"}
    used = names & {
        day.record_type
        for day in days
        if day.record_count or (day.reported is not None and day.reported.nanos)
    }
    if used:
        return Check(
            UNPROVEN,
            "warning",
            f"Readings of {listed(used)} came back empty and prove nothing, and yet the account has such records.",
            "See that the API key belongs to the account whose webhooks arrive here, and audit these days.",
        )
    if names:
        finding = (
            f"Empty readings of {listed(names)} prove nothing, and nothing shows that the account uses them."
        )
        return Check(UNPROVEN, "ok", finding)
    return Check(UNPROVEN, "ok", "Every empty reading of the last 7 days is proven.")


def check_unsettled(health: BookHealth, *, now: datetime, horizon: timedelta) -> Check:
    """Nothing waits longer for its cost than it should."""
    oldest = health.oldest_unsettled_at
    if oldest is None:
        return Check(UNSETTLED, "ok", "Nothing waits for its cost.")
    finding = f"{health.unsettled_count} wait for their cost, the oldest since {_second(oldest)}."
    if now - oldest <= horizon + _SETTLES_WITHIN:
        return Check(UNSETTLED, "ok", finding)
    return Check(
        UNSETTLED,
        "warning",
        finding,
        "The page of the call tells what it waits for; the usual reasons are amounts that cannot be read, and record "
        "types that Telnyx refuses to list.",
    )


def _second(moment: datetime) -> str:
    return format_rfc3339(moment.replace(microsecond=0))
