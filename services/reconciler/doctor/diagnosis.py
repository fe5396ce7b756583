"""All checks over all that was observed. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from services.common.freshness.symptom import Symptom
from services.reconciler.audit.book_days import BookDay
from services.reconciler.doctor import account_checks as account
from services.reconciler.doctor import book_checks as book
from services.reconciler.doctor import reading_checks as reading
from services.reconciler.doctor.check import Check, Silence, both, examined
from services.reconciler.doctor.freshness_checks import check_freshness
from services.reconciler.doctor.observations import (
    Application,
    BalanceOutlook,
    BookHealth,
    Canary,
    Probe,
    Quota,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observations:
    """What every part said, or why it said nothing. `canary` and `outlook` are None where the book has too little.

    `refused`: the record types that Telnyx refuses to list at present. `days`: the last 31 days of the book. `stopped`:
    what has stopped, by what every part says of itself.
    """

    probe: Probe | Silence
    public_keys: tuple[str, ...] | Silence
    applications: tuple[Application, ...] | Silence
    outlook: BalanceOutlook | Silence | None
    quota: Quota | Silence
    canary: Canary | Silence | None
    health: BookHealth | Silence
    days: tuple[BookDay, ...] | Silence
    refused: Collection[str] = ()
    stopped: Sequence[Symptom] = ()


def diagnose(seen: Observations, now: datetime, horizon: timedelta) -> list[Check]:
    """One check for each thing that can be wrong: what has stopped, the account, then reading, then the book."""
    keys, books = both(seen.public_keys, seen.health), both(seen.health, seen.days)
    return [
        *check_freshness(seen.stopped),
        examined(account.API_KEY, seen.probe, account.check_api_key),
        examined(account.CLOCK, seen.probe, account.check_clock),
        examined(account.PUBLIC_KEY, keys, partial(account.check_public_key, now=now)),
        examined(account.CALL_COST, seen.applications, account.check_call_cost),
        examined(account.BALANCE, seen.outlook, partial(account.check_balance, now=now)),
        examined(reading.QUOTA, seen.quota, reading.check_quota),
        examined(reading.CANARY, seen.canary, reading.check_canary),
        examined(reading.RECORD_TYPES, books, partial(reading.check_record_types, refused=seen.refused)),
        examined(reading.PRODUCTS, seen.days, reading.check_products),
        examined(book.WEBHOOKS, seen.health, partial(book.check_webhooks, now=now)),
        examined(book.QUARANTINED, seen.health, book.check_quarantined),
        examined(book.UNREADABLE, seen.health, book.check_unreadable),
        examined(book.FUTURE, seen.health, book.check_future),
        examined(book.UNPROVEN, books, book.check_unproven),
        examined(book.UNSETTLED, seen.health, partial(book.check_unsettled, now=now, horizon=horizon)),
    ]
