"""Where the money went: by number, by type and by part, the dearest first. A click on one shows only that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.pages.links import Query
from gateway.pages.money import ShownMoney, show_money
from gateway.pages.overview.ranking import Sum, rank
from gateway.pages.overview.shares import Share, share_of
from gateway.pages.words import PART_WORDS, TYPE_WORDS
from services.common.money import Money
from services.common.wire import from_money
from tollbook.ledger.v1.ledger_pb2 import SummaryGroup

_MOST_ROWS = 7


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A group. `share` is its part of the whole, None where there is none.

    `url` shows only this group, or if it is the chosen one all of them again; it is empty where there is no such
    filter. `count` of records is None where one record is in several groups.
    """

    key: str
    label: str
    cost: ShownMoney
    count: int | None
    share: Share | None
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """A list of groups."""

    name: str
    rows: Sequence[PanelRow]


@dataclass(frozen=True, slots=True)
class _Group:
    """What a group is called, and which parameters show only it."""

    label: str
    filters: Mapping[str, str]


def sums_by_key(groups: Iterable[SummaryGroup], currency: str) -> dict[str, Sum]:
    """What groups cost in one currency, by their keys, or by their parts where they have any."""
    sums: dict[str, Sum] = {}
    for group in groups:
        for totals in group.totals:
            if totals.currency == currency:
                key = group.part or group.key
                added = Sum(from_money(totals.total_cost).nanos, totals.count)
                sums[key] = sums.get(key, Sum()) + added
    return sums


def number_panel(sums: Mapping[str, Sum], currency: str, query: Query) -> Panel:
    """By the account's number."""
    groups = {
        number: _Group(number or "No number", {"phoneNumber": number} if number else {}) for number in sums
    }
    return Panel("number", _rows(sums, groups, currency, query))


def type_panel(sums: Mapping[str, Sum], currency: str, query: Query) -> Panel:
    """By type and direction."""
    groups = {}
    for name in sums:
        kind, _, direction = name.partition("_")
        filters = {"recordType": kind, "direction": direction or "all"}
        groups[name] = _Group(TYPE_WORDS.get(name, name), filters)
    return Panel("type", _rows(sums, groups, currency, query))


def part_panel(sums: Mapping[str, Sum], currency: str, query: Query) -> Panel:
    """By part: what Telnyx charged for. A record has several parts, and there is no filter by part."""
    groups = {part: _Group(PART_WORDS.get(part, part), {}) for part in sums}
    uncounted = {part: Sum(amount.nanos) for part, amount in sums.items()}
    rows = _rows(uncounted, groups, currency, query)
    return Panel("part", [replace(row, count=None) for row in rows])


def _rows(
    sums: Mapping[str, Sum], groups: Mapping[str, _Group], currency: str, query: Query
) -> list[PanelRow]:
    ranking = rank(sums, _MOST_ROWS)
    whole = sum(amount.nanos for amount in sums.values() if amount.nanos > 0)
    rows = [_row(key, groups[key], amount, whole, currency, query) for key, amount in ranking.top]
    if ranking.rest_count:
        rest = _Group(f"{ranking.rest_count:,} others", {})
        rows.append(_row("others", rest, ranking.rest, whole, currency, query))
    return rows


def _row(key: str, group: _Group, amount: Sum, whole: int, currency: str, query: Query) -> PanelRow:
    is_chosen = bool(group.filters) and all(query.get(name) == value for name, value in group.filters.items())
    target = query.without(*group.filters) if is_chosen else query.having(group.filters)
    return PanelRow(
        key=key,
        label=group.label,
        cost=show_money(Money(currency, amount.nanos)),
        count=amount.count,
        share=share_of(amount.nanos, whole),
        url=target.url() if group.filters else "",
        is_chosen=is_chosen,
    )
