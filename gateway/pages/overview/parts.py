"""What the services said, as the parts of the page `/billing`. A part that could not be read is a Failure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.asking import Failure
from gateway.pages.links import AUDIT_PATH, PERIOD_NAMES, STATEMENT_PATH
from gateway.pages.overview.balance_trend import balance_trend
from gateway.pages.overview.cards import BalanceReading, balance_card, cost_cards, coverage_of
from gateway.pages.overview.cost_chart import cost_chart, nanos_by_day
from gateway.pages.overview.filter_form import filter_form
from gateway.pages.overview.panels import number_panel, part_panel, sums_by_key, type_panel
from gateway.pages.overview.records_table import records_table
from gateway.pages.view import View
from gateway.pages.zones import UTC_ZONE, offered_zones, show_time
from tollbook.ledger.v1.balance_pb2 import GetBalanceTrendResponse
from tollbook.ledger.v1.ledger_pb2 import ListChargesResponse, SummarizeResponse

Answer = TypeVar("Answer")
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class OverviewAnswers:
    """What the services said of a view. `before` is None where there is no period before.

    The sums of the whole view stand in each answer that groups them; they are taken from `by_type`.
    """

    balance: BalanceReading | Failure
    trend: GetBalanceTrendResponse | Failure
    before: SummarizeResponse | Failure | None
    by_day: SummarizeResponse | Failure
    by_number: SummarizeResponse | Failure
    by_type: SummarizeResponse | Failure
    page: ListChargesResponse | Failure


def overview_parts(
    view: View, answers: OverviewAnswers, now: datetime, *, book_is_empty: bool
) -> dict[str, Any]:
    """The values of the template, by name."""
    query, zone = view.query, view.zone
    currency = _main_currency(answers.by_type)
    numbers, by_type, by_part = (
        _made(answer, lambda sums: sums_by_key(sums.groups, currency))
        for answer in (answers.by_number, answers.by_type, answers.by_day)
    )
    return {
        "form": filter_form(query, now, numbers=() if isinstance(numbers, Failure) else sorted(numbers)),
        "zones": offered_zones(),
        "now": show_time(now, zone),
        "own_url": query.url(),
        "estimated_url": query.having({"status": "estimated"}).url(),
        "zone": zone,
        "before": [show_time(moment, UTC_ZONE) for moment in (view.before.from_at, view.before.to_at)]
        if view.before and not isinstance(answers.before, Failure)
        else None,
        "only_currency": currency if _has_others(answers.by_type) else "",
        "balance": answers.balance
        if isinstance(answers.balance, Failure)
        else balance_card(answers.balance, now, zone),
        "trend": balance_trend(answers.balance, answers.trend, view, now),
        "statement_url": query.only(*PERIOD_NAMES).url(STATEMENT_PATH),
        "audit_url": query.only(*PERIOD_NAMES).url(AUDIT_PATH),
        "cards": _made(answers.by_type, lambda sums: cost_cards(sums, answers.before)),
        "coverage": _made(answers.by_type, coverage_of),
        "chart": _made(
            answers.by_day, lambda sums: cost_chart(nanos_by_day(sums.groups, currency), view, now, currency)
        ),
        "panels": [
            (_made(numbers, lambda sums: number_panel(sums, currency, query)), "By number"),
            (_made(by_type, lambda sums: type_panel(sums, currency, query)), "By type"),
            (_made(by_part, lambda sums: part_panel(sums, currency, query)), "By part"),
        ],
        "records": _made(answers.page, lambda page: records_table(page, query, zone)),
        "book_is_empty": book_is_empty,
    }


def _made(answer: Answer | Failure, make: Callable[[Answer], Part]) -> Part | Failure:
    return answer if isinstance(answer, Failure) else make(answer)


def _has_others(sums: SummarizeResponse | Failure) -> bool:
    return not isinstance(sums, Failure) and len(sums.totals) > 1


def _main_currency(sums: SummarizeResponse | Failure) -> str:
    """The account's currency, which the ledger names first."""
    if isinstance(sums, Failure) or not sums.totals:
        return DEFAULT_CURRENCY
    return sums.totals[0].currency or DEFAULT_CURRENCY
