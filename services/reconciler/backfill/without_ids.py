"""Which days a report without record ids may fill: pure.

Its rows cannot be told from what the book may already have of the same calls and messages, from whatever source. So
they fill only days of which nobody has told anything, and which the API has no longer to tell (design, rule 3.a).
"""

from collections.abc import Iterable, Mapping
from datetime import date

from services.reconciler.backfill.days import DayState, TypeDay
from services.reconciler.backfill.ports import ChargeKind

_CALLS = ("sip-trunking", "call-control", "webrtc")


def charge_kind(record_type: str) -> ChargeKind | None:
    """The kind of charge that webhooks can have made of what a record of this type bills; None if there is none."""
    if record_type in _CALLS:
        return "call"
    return "sms" if record_type == "messaging" else None


def fillable(
    record_type: str,
    days: Iterable[date],
    kept_from: date,
    states: Mapping[TypeDay, DayState],
    charge_counts: Mapping[date, int],
) -> list[date]:
    """Of these days those that may be filled.

    `kept_from`: the first day that the API still has. `charge_counts`: charges of the type's kind that the book holds
    per day. Such charges stand in the way unless reports without ids have made them: then a type of the same family
    has claimed the day so, and nothing else was there before.
    """
    family = _CALLS if record_type in _CALLS else (record_type,)
    return [
        day
        for day in days
        if day < kept_from
        and (
            not charge_counts.get(day)
            or any(states.get((name, day), DayState()).source == "report_without_ids" for name in family)
        )
    ]
