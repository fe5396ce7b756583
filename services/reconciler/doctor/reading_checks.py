"""Checks of reading detail records: which types there are, whether queries work, and what quota is left. Pure."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.line import counted
from services.reconciler.doctor.check import Check, listed
from services.reconciler.doctor.observations import BookHealth, Canary, Quota
from services.reconciler.usage import PRODUCT_PREFIX
from services.telnyx_vocabulary.record_types import find_record_type

RECORD_TYPES: Final = "Record types"
PRODUCTS: Final = "Products"
CANARY: Final = "Canary query"
QUOTA: Final = "Quota"

_KEPT_DAYS: Final = 28
_OTHERS_SHARE: Final = 10
"""A tenth of the quota: where a window turns, a few requests of our own can look like another's."""

_DAY: Final = timedelta(days=1)


def check_record_types(told: tuple[BookHealth, Sequence[BookDay]], *, refused: Collection[str]) -> Check:
    """Telnyx lists every type that costs something. `refused`: the types that it does not list at present."""
    health, days = told
    costly = {day.record_type for day in days if day.reported is not None and day.reported.nanos}
    used = {sweep.record_type for sweep in health.latest_sweeps if sweep.total_results} | {
        day.record_type for day in days if day.record_count
    }
    has = f"The account has {listed(used)}." if used else "No record of any type was seen yet."
    if not refused:
        return Check(RECORD_TYPES, "ok", has)
    if set(refused) & costly:
        return Check(
            RECORD_TYPES,
            "failure",
            f"Telnyx refuses to list {listed(set(refused) & costly)}, and yet they cost something. {has}",
            "Ask Telnyx to allow the API key to read them; until then the book lacks their cost.",
        )
    return Check(
        RECORD_TYPES,
        "ok",
        f"{has} Telnyx refuses to list {listed(refused)}, which cost nothing; they are tried again each day.",
    )


def check_products(days: Iterable[BookDay]) -> Check:
    """usage_reports show a cost only of products that Tollbook reads."""
    unread = {
        day.record_type.removeprefix(PRODUCT_PREFIX)
        for day in days
        if find_record_type(day.record_type) is None and day.reported is not None and day.reported.nanos
    }
    if not unread:
        return Check(PRODUCTS, "ok", "usage_reports show no cost of a product that is not read.")
    return Check(
        PRODUCTS,
        "failure",
        f"usage_reports show a cost of {listed(unread)}, of which Tollbook knows no record type.",
        "The audit tells the amounts; a newer Tollbook may know the type.",
    )


def choose_canary(days: Sequence[BookDay], today: date) -> tuple[str, date, int] | None:
    """A closed day of one type, with how many records the book holds: a query about it must not come back empty.

    The one with the fewest records of the newest week that has any. Days that were booked from reports without ids hold
    other records than Telnyx lists.
    """
    held: dict[tuple[date, str], int] = {}
    for each in days:
        is_closed = today - _KEPT_DAYS * _DAY <= each.day < today - _DAY
        if is_closed and each.record_count and each.source != "report_without_ids":
            key = (each.day, each.record_type)
            held[key] = held.get(key, 0) + each.record_count
    if not held:
        return None
    newest = max(day for day, _ in held)
    week = [key for key in held if key[0] > newest - 7 * _DAY]
    day, record_type = min(week, key=lambda key: (held[key], key))
    return record_type, day, held[(day, record_type)]


def check_canary(canary: Canary | None) -> Check:
    """A query that must return rows does."""
    if canary is None:
        return Check(CANARY, "unknown", "The book holds no closed day whose records a query must return.")
    about = f"{canary.record_type} of {canary.day}"
    held = counted(canary.held_count, "record")
    if canary.total_results == 0:
        return Check(
            CANARY,
            "failure",
            f"Telnyx shows no record of {about}, where the book holds {held}.",
            "The API key may belong to another account, or Telnyx may have changed the query: "
            "until this is cleared, empty answers prove nothing.",
        )
    if canary.total_results != canary.held_count:
        return Check(
            CANARY,
            "warning",
            f"Telnyx counts {canary.total_results} records of {about}, where the book holds {canary.held_count}.",
            f"Audit {canary.day} to see what differs.",
        )
    return Check(CANARY, "ok", f"Telnyx and the book both have {held} for {about}.")


def check_quota(quota: Quota) -> Check:
    """There is quota left, and nobody else uses it."""
    left = f"{quota.remaining} of {quota.limit} requests are left until {quota.reset_at:%H:%M:%S} UTC"
    if quota.used_by_others * _OTHERS_SHARE > quota.limit:
        return Check(
            QUOTA,
            "warning",
            f"{left}; {counted(quota.used_by_others, 'request')} in this window were not Tollbook's.",
            "Another program reads the account's detail records: Tollbook shares the quota, and settles more slowly.",
        )
    return Check(QUOTA, "ok", f"{left}.")
