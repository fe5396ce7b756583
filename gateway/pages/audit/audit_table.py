"""The lines of an audit as a table: a row for each day, a column for each product, and the sums below. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.pages.audit.audit_lines import LineView
from services.common.money import Money


@dataclass(frozen=True, slots=True)
class Column:
    """A product."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day: for each column its lines, one per currency, and what the day costs in the table's currency."""

    day: date
    cells: Sequence[Sequence[LineView]]
    book: Money


@dataclass(frozen=True, slots=True)
class SumRow:
    """One sum for each column, None where there is nothing to add up, and over all of them."""

    label: str
    cells: Sequence[Money | None]
    total: Money


@dataclass(frozen=True, slots=True)
class AuditTable:
    """Newest day first, dearest product first. Lines in other currencies have their cells, and are in no sum."""

    currency: str
    columns: Sequence[Column]
    rows: Sequence[DayRow]
    sums: Sequence[SumRow]


def audit_table(lines: Sequence[LineView], currency: str) -> AuditTable:
    """The table of these lines, with sums in one currency."""
    counted = [line for line in lines if line.currency == currency]
    columns = _columns(lines, counted)
    days = sorted({line.day for line in lines}, reverse=True)
    return AuditTable(
        currency=currency,
        columns=columns,
        rows=[
            DayRow(
                day,
                [_cell(lines, day, column) for column in columns],
                _sum((line.book for line in counted if line.day == day), currency),
            )
            for day in days
        ],
        sums=[
            _sum_row("The book", [(line.column, line.book) for line in counted], columns, currency),
            _sum_row("Telnyx", [(line.column, line.reported) for line in counted], columns, currency),
            _sum_row("Difference", [(line.column, line.difference) for line in counted], columns, currency),
        ],
    )


def _columns(lines: Iterable[LineView], counted: Sequence[LineView]) -> list[Column]:
    names = {line.column: line.product for line in lines}
    nanos = {
        key: sum((line.reported or line.book).nanos for line in counted if line.column == key)
        for key in names
    }
    return [Column(key, names[key]) for key in sorted(names, key=lambda key: (-nanos[key], key))]


def _cell(lines: Iterable[LineView], day: date, column: Column) -> list[LineView]:
    return [line for line in lines if line.day == day and line.column == column.key]


def _sum_row(
    label: str, amounts: Sequence[tuple[str, Money | None]], columns: Iterable[Column], currency: str
) -> SumRow:
    known = [(key, money) for key, money in amounts if money is not None]
    by_column = [[money for key, money in known if key == column.key] for column in columns]
    return SumRow(
        label,
        [_sum(column, currency) if column else None for column in by_column],
        _sum((money for _, money in known), currency),
    )


def _sum(amounts: Iterable[Money], currency: str) -> Money:
    return Money(currency, sum(money.nanos for money in amounts))
