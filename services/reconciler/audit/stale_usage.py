"""Which days of a product usage_reports have to be asked about (again) before an audit. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from services.reconciler.audit.book_days import BookDay
from services.reconciler.audit.verdicts import AskedAt, AuditTerms
from services.reconciler.usage import PRODUCT_PREFIX
from services.telnyx_vocabulary.record_types import RECORD_TYPES

FRESH: Final = timedelta(minutes=1)
"""An answer of that age will do, also about a day that is still growing."""

Days = tuple[date, date]
"""From the first to before the second."""


def stale_days(
    name: str, days: Days, known: Iterable[BookDay], asked_at: AskedAt, terms: AuditTerms
) -> Days | None:
    """The shortest run of days that holds all of which usage_reports have not spoken late enough; None: they have.

    `name`: a record type or "usage:<product>". Late enough is after the horizon, or just now.
    """
    told = {day.day: day.reported_at for day in known if day.record_type == name and day.reported_at}
    first, end = days
    stale = []
    for offset in range((end - first).days):
        day = first + timedelta(days=offset)
        spoken_at = max(filter(None, (told.get(day), asked_at(name, day))), default=None)
        if spoken_at is None or spoken_at < min(terms.closes_at(day), terms.now - FRESH):
            stale.append(day)
    return (stale[0], stale[-1] + timedelta(days=1)) if stale else None


def audited_names(products: Sequence[str] | None) -> list[str]:
    """The names to ask usage_reports about: all known types with money, and each product of no known type.

    `products`: those that usage_reports know; None where nobody can tell, and then the known types are all asked.
    """
    priced = [entry for entry in RECORD_TYPES if entry.has_money]
    if products is None:
        return [entry.name for entry in priced]
    known = {entry.product for entry in RECORD_TYPES}
    unread = [PRODUCT_PREFIX + product for product in products if product not in known]
    return [*(entry.name for entry in priced if entry.product in set(products)), *sorted(unread)]


def unlisted_types(products: Sequence[str], known: Iterable[BookDay]) -> list[str]:
    """Record types of which the book has money and of which usage_reports know no product."""
    costly = {day.record_type for day in known if day.book.nanos}
    return [entry.name for entry in RECORD_TYPES if entry.name in costly and entry.product not in products]
