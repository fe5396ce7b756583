"""What can be the matter with a record, where the book and usage_reports differ: one kind of suspicion each. Pure.

Each tells what the record would then add to the difference (book less report), in nanos; None where nobody can know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.common.money import plain_decimal
from services.common.times import format_rfc3339
from services.reconciler.audit.book_days import DayRecord, day_window
from services.reconciler.audit.line import AuditLine

NEAR_MIDNIGHT: Final = timedelta(minutes=10)
"""Carrier clocks differ by up to a minute, and the moment that a report counts by may be another than the record's."""


@dataclass(frozen=True, slots=True)
class Case:
    """A line to be explained. `reread_at`: when its day began to be read anew, to its end; None if it was not.

    `is_refused`: Telnyx refuses to list its records.
    """

    line: AuditLine
    reread_at: datetime | None = None
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Suspicion:
    """`told`: what the suspicion calls such records: "that a later full reading no longer showed"."""

    told: str
    applies: Callable[[DayRecord, Case], bool]
    effect_nanos: Callable[[DayRecord], int | None]
    sentence: Callable[[DayRecord], str]


def counted_nanos(record: DayRecord) -> int:
    """What a record adds to the book."""
    return record.cost.nanos if record.cost else 0


def _vanished(record: DayRecord, case: Case) -> bool:
    return case.reread_at is not None and record.last_observed_at < case.reread_at


def _came_late(record: DayRecord, case: Case) -> bool:
    return case.line.reported_at is not None and record.first_observed_at > case.line.reported_at


def _is_near_midnight(record: DayRecord, case: Case) -> bool:
    day = day_window(case.line.day)
    at = record.record_at
    return at is not None and (at < day.start_at + NEAR_MIDNIGHT or at >= day.end_at - NEAR_MIDNIGHT)


def _unbilled_sentence(record: DayRecord) -> str:
    says = plain_decimal(record.unbilled.nanos) if record.unbilled else "nothing"
    return f"it says that it costs {says}, and that it is not billable: it counts 0"


def _midnight_sentence(record: DayRecord) -> str:
    at = format_rfc3339(record.record_at) if record.record_at else "midnight"
    return f"it lies near midnight ({at}): Telnyx may count it for the other day"


SUSPICIONS: Final = (
    Suspicion(
        "that a later full reading no longer showed",
        _vanished,
        counted_nanos,
        lambda record: (
            f"a later full reading of the day no longer showed it; "
            f"it was last seen at {format_rfc3339(record.last_observed_at)}"
        ),
    ),
    Suspicion(
        "with an amount that cannot be read",
        lambda record, _: record.cost is None,
        lambda _: None,
        lambda _: "its amount cannot be read: it counts 0",
    ),
    Suspicion(
        "with a cost that are not billable",
        lambda record, _: record.unbilled is not None and record.unbilled.nanos != 0,
        lambda record: -record.unbilled.nanos if record.unbilled else None,
        _unbilled_sentence,
    ),
    Suspicion(
        "first seen after the report was read",
        _came_late,
        counted_nanos,
        lambda record: (
            f"it was first seen at {format_rfc3339(record.first_observed_at)}, after the report was read"
        ),
    ),
    Suspicion(
        "that are credits",
        lambda record, _: counted_nanos(record) < 0,
        counted_nanos,
        lambda _: "it is a credit, which the report may leave out",
    ),
    Suspicion(
        "that were corrected",
        lambda record, _: record.content_count > 1,
        lambda _: None,
        lambda record: (
            f"it was corrected ({record.content_count} contents were seen): "
            "the report may rest on an earlier amount"
        ),
    ),
    Suspicion("near midnight", _is_near_midnight, counted_nanos, _midnight_sentence),
)
"""The most telling first."""
