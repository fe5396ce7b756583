"""The book against Telnyx's own totals, as a REST answer: `/api/billing/audit`."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from gateway.answers import Answer
from gateway.book_answers import DEFAULT_CURRENCY, number_of
from gateway.ranges import Days
from services.common.wire import from_date, optional_time
from tollbook.reconciler.v1 import audit_pb2

VERDICTS = {
    audit_pb2.AUDIT_VERDICT_EQUAL: "equal",
    audit_pb2.AUDIT_VERDICT_OPEN: "open",
    audit_pb2.AUDIT_VERDICT_DAY_BOUNDARY: "day boundary",
    audit_pb2.AUDIT_VERDICT_DIFFERENT: "different",
    audit_pb2.AUDIT_VERDICT_NOT_READ: "different: not read",
}
"""In the words of people; the REST answer has the same."""


class AuditCause(Answer):
    """A record or call behind a difference. `currency` only where it is not that of the line."""

    record_id: str | None
    kind: str | None
    id: str | None
    amount: msgspec.Raw | None
    message: str
    currency: str | msgspec.UnsetType = msgspec.UNSET


class AuditLine(Answer):
    """One UTC day and product. What the report would say is null where it has said nothing."""

    day: date
    record_type: str | None
    product: str
    verdict: str
    book_cost: msgspec.Raw
    reported_cost: msgspec.Raw | None
    reported_decimals: int | None
    reported_at: datetime | None
    difference: msgspec.Raw | None
    currency: str
    record_count: int
    reason: str | None
    causes: list[AuditCause]


class AuditTotals(Answer):
    """The sums of all lines in one currency. `difference` is that of the lines that have a report."""

    currency: str
    book_cost: msgspec.Raw
    reported_cost: msgspec.Raw
    difference: msgspec.Raw
    equal_count: int
    open_count: int
    day_boundary_count: int
    different_count: int
    not_read_count: int


class Audit(Answer):
    """`from` and `to` are the first and the last day; `totals` is in the account's currency."""

    first_day: date = msgspec.field(name="from")
    last_day: date = msgspec.field(name="to")
    lines: list[AuditLine]
    totals: AuditTotals
    troubles: list[str]
    other_currencies: list[AuditTotals] | msgspec.UnsetType = msgspec.UNSET


def audit_of(days: Days, audit: audit_pb2.AuditResponse, totals: Sequence[audit_pb2.AuditTotals]) -> Audit:
    """An audit of these days; `totals` with the account's currency first."""
    main, *others = [_totals_of(each) for each in totals] or [_totals_of(audit_pb2.AuditTotals())]
    return Audit(
        first_day=days.first,
        last_day=days.last,
        lines=[_line_of(line) for line in audit.lines],
        totals=main,
        troubles=list(audit.troubles),
        other_currencies=others or msgspec.UNSET,
    )


def _line_of(line: audit_pb2.AuditLine) -> AuditLine:
    currency = line.book_cost.currency_code or line.reported_cost.currency_code or DEFAULT_CURRENCY
    is_reported = line.HasField("reported_cost")
    return AuditLine(
        day=from_date(line.day),
        record_type=line.record_type or None,
        product=line.product,
        verdict=VERDICTS.get(line.verdict, "open"),
        book_cost=number_of(line.book_cost),
        reported_cost=number_of(line.reported_cost) if is_reported else None,
        reported_decimals=line.reported_decimals if is_reported else None,
        reported_at=optional_time(line, "reported_time"),
        difference=number_of(line.difference) if line.HasField("difference") else None,
        currency=currency,
        record_count=line.record_count,
        reason=line.reason or None,
        causes=[_cause_of(cause, currency) for cause in line.causes],
    )


def _cause_of(cause: audit_pb2.AuditCause, currency: str) -> AuditCause:
    code = cause.amount.currency_code
    return AuditCause(
        record_id=cause.record_id or None,
        kind=cause.kind or None,
        id=cause.charge_record_id or None,
        amount=number_of(cause.amount) if cause.HasField("amount") else None,
        message=cause.message,
        currency=msgspec.UNSET if code in ("", currency) else code,
    )


def _totals_of(totals: audit_pb2.AuditTotals) -> AuditTotals:
    return AuditTotals(
        currency=totals.currency or DEFAULT_CURRENCY,
        book_cost=number_of(totals.book_cost),
        reported_cost=number_of(totals.reported_cost),
        difference=number_of(totals.difference),
        equal_count=totals.equal_count,
        open_count=totals.open_count,
        day_boundary_count=totals.day_boundary_count,
        different_count=totals.different_count,
        not_read_count=totals.not_read_count,
    )
