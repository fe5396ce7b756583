"""An audit as its page shows it: the table of days and products, and each line that is not equal with its causes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.type.money_pb2 import Money as MoneyMessage

from gateway.audit_answers import VERDICTS
from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.audit.audit_lines import CauseView, LineView
from gateway.pages.audit.audit_table import AuditTable, audit_table
from gateway.pages.audit.verdict_words import VERDICT_WORDS, VerdictWords
from gateway.pages.record.part_words import part_name
from gateway.pages.record_links import record_url
from services.common.money import Money
from services.common.wire import from_date, from_money, optional_time
from tollbook.reconciler.v1 import audit_pb2

_NO_PART_OF_AN_ID = re.compile(r"[^A-Za-z0-9_-]")
_RECORD_KINDS = ("call", "sms", "other")


@dataclass(frozen=True, slots=True)
class VerdictGroup:
    """All lines of one verdict."""

    words: VerdictWords
    lines: Sequence[LineView]


@dataclass(frozen=True, slots=True)
class TotalsView:
    """The sums of one currency."""

    currency: str
    book: Money
    reported: Money
    difference: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """`groups` has the verdicts that occur, what needs a look first; `reported_at` is the oldest report that counts."""

    table: AuditTable
    groups: Sequence[VerdictGroup]
    totals: Sequence[TotalsView]
    troubles: Sequence[str]
    reported_at: datetime | None

    @property
    def different(self) -> Sequence[VerdictGroup]:
        """What is to be looked at."""
        return [group for group in self.groups if group.words.is_different]

    @property
    def explained(self) -> Sequence[VerdictGroup]:
        """What is not equal, and need not be."""
        return [
            group for group in self.groups if not (group.words.is_different or group.words.name == "equal")
        ]

    @property
    def different_count(self) -> int:
        """How many lines nothing explains away."""
        return sum(len(group.lines) for group in self.different)


def audit_view(
    audit: audit_pb2.AuditResponse, totals: Sequence[audit_pb2.AuditTotals], zone_parameter: str
) -> AuditView:
    """The view of an audit; `totals` with the account's currency first."""
    lines = [_line(line, zone_parameter) for line in audit.lines]
    groups = [
        VerdictGroup(words, [line for line in lines if line.verdict is words])
        for words in VERDICT_WORDS.values()
    ]
    return AuditView(
        table=audit_table(lines, totals[0].currency if totals else DEFAULT_CURRENCY),
        groups=[group for group in groups if group.lines],
        totals=[
            TotalsView(
                each.currency,
                _money(each.book_cost, each.currency),
                _money(each.reported_cost, each.currency),
                _money(each.difference, each.currency),
            )
            for each in totals
        ],
        troubles=list(audit.troubles),
        reported_at=min((line.reported_at for line in lines if line.reported_at), default=None),
    )


def _line(line: audit_pb2.AuditLine, zone_parameter: str) -> LineView:
    day = from_date(line.day)
    column = line.record_type or line.product
    currency = line.book_cost.currency_code or line.reported_cost.currency_code or DEFAULT_CURRENCY
    return LineView(
        anchor=_NO_PART_OF_AN_ID.sub("-", f"{day.isoformat()}-{column}-{currency}"),
        day=day,
        column=column,
        product=part_name(column),
        term=line.product,
        verdict=VERDICT_WORDS[VERDICTS.get(line.verdict, "open")],
        currency=currency,
        book=_money(line.book_cost, currency),
        reported=_money(line.reported_cost, currency) if line.HasField("reported_cost") else None,
        difference=_money(line.difference, currency) if line.HasField("difference") else None,
        decimals=line.reported_decimals,
        reported_at=optional_time(line, "reported_time"),
        record_count=line.record_count,
        reason=line.reason,
        causes=[_cause(cause, currency, zone_parameter) for cause in line.causes],
    )


def _cause(cause: audit_pb2.AuditCause, currency: str, zone_parameter: str) -> CauseView:
    has_page = bool(cause.charge_record_id) and cause.kind in _RECORD_KINDS
    return CauseView(
        message=cause.message,
        record_id=cause.record_id,
        url=record_url(cause.kind, cause.charge_record_id, zone=zone_parameter) if has_page else "",
        amount=_money(cause.amount, currency) if cause.HasField("amount") else None,
    )


def _money(message: MoneyMessage, currency: str) -> Money:
    return Money(message.currency_code or currency, from_money(message).nanos)
