"""The lines of an audit, as its page shows them. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.pages.audit.verdict_words import VerdictWords
from services.common.money import Money


@dataclass(frozen=True, slots=True)
class CauseView:
    """A record or call behind a difference. `url` is its page; empty where it has none."""

    message: str
    record_id: str
    url: str
    amount: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One day of one product in one currency; what a report would say is None where it has said nothing."""

    anchor: str
    day: date
    column: str
    product: str
    term: str
    verdict: VerdictWords
    currency: str
    book: Money
    reported: Money | None
    difference: Money | None
    decimals: int
    reported_at: datetime | None
    record_count: int
    reason: str
    causes: Sequence[CauseView]
