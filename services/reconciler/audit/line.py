"""What an audit says: a line per UTC day, product and currency, what causes a difference, and the totals."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.common.money import Money, plain_decimal
from services.reconciler.audit.book_days import ChargeKind
from services.reconciler.backfill.days import DaySource

AuditVerdict = Literal["equal", "open", "day_boundary", "different", "not_read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A record or a call behind a difference, and what is the matter with it, as one sentence."""

    message: str
    record_id: str = ""
    kind: ChargeKind = ""
    charge_id: str = ""
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """The book against usage_reports for one day of one product in one currency.

    `record_type` is empty where the product is not read. `decimals`: those at which both were compared. `reason` says
    why it is not equal. `is_unread`: it is open because no reading of the whole day has come to rest.
    """

    day: date
    record_type: str
    product: str
    verdict: AuditVerdict
    book: Money
    reported: Money | None = None
    decimals: int = 0
    reported_at: datetime | None = None
    record_count: int = 0
    open_count: int = 0
    source: DaySource | None = None
    is_complete: bool = False
    is_unread: bool = False
    reason: str = ""
    causes: tuple[Cause, ...] = ()

    @property
    def difference_nanos(self) -> int | None:
        """Book less report; None where there is no report."""
        return None if self.reported is None else self.book.nanos - self.reported.nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTotals:
    """All lines of one currency. Amounts are nanos; `difference_nanos` is of the lines that have a report."""

    currency: str
    book_nanos: int
    reported_nanos: int
    difference_nanos: int
    counts: dict[AuditVerdict, int]


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Newest day first, then by record type; and what could not be asked, one sentence each."""

    lines: tuple[AuditLine, ...]
    troubles: tuple[str, ...] = ()

    @property
    def totals(self) -> tuple[AuditTotals, ...]:
        """One per currency, in the order of their codes."""
        return add_up(self.lines)


def add_up(lines: Iterable[AuditLine]) -> tuple[AuditTotals, ...]:
    """The totals of some lines, per currency."""
    by_currency: dict[str, list[AuditLine]] = {}
    for line in lines:
        by_currency.setdefault(line.book.currency, []).append(line)
    return tuple(_total(currency, of_one) for currency, of_one in sorted(by_currency.items()))


def _total(currency: str, lines: list[AuditLine]) -> AuditTotals:
    counts: dict[AuditVerdict, int] = {}
    for line in lines:
        counts[line.verdict] = counts.get(line.verdict, 0) + 1
    return AuditTotals(
        currency=currency,
        book_nanos=sum(line.book.nanos for line in lines),
        reported_nanos=sum(line.reported.nanos for line in lines if line.reported),
        difference_nanos=sum(line.difference_nanos or 0 for line in lines),
        counts=counts,
    )


def worded(money: Money) -> str:
    """An amount in a sentence: "0.015 USD"."""
    return f"{plain_decimal(money.nanos)} {money.currency}"


def counted(count: int, noun: str) -> str:
    """A number of things in a sentence: "1 record", "2 records"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
