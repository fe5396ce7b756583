"""The chart of costs over time: its columns as links, its legend, and the same figures as a table."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from gateway.pages.links import Query
from gateway.pages.money import ShownMoney, show_money
from gateway.pages.overview.buckets import Bucket, Unit, buckets_of, into_buckets, unit_of
from gateway.pages.overview.chart import PLOT_HEIGHT_PX, Column, draw
from gateway.pages.overview.series import Series, series_of
from gateway.pages.overview.ticks import tick_label
from gateway.pages.periods import Period, covered_period, end_parameter, midnight, start_parameter
from gateway.pages.view import View
from services.common.money import Money
from services.common.wire import from_money
from tollbook.ledger.v1.ledger_pb2 import SummaryGroup

_MOST_LABELS = 7
_CHARACTER_PX = 7
_AXIS_GAP_PX = 10
_UNIT_WORDS = {
    "day": "Cost per day",
    "week": "Cost per week",
    "month": "Cost per month",
    "year": "Cost per year",
}

NanosByDay = Mapping[date, Mapping[str, int]]
"""Nanos by day and part."""


@dataclass(frozen=True, slots=True)
class ShownSegment:
    """One part in one column."""

    y: str
    height: str
    style: str
    label: str
    cost: ShownMoney


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """One column. `url` is the page for its time alone."""

    name: str
    label: str
    url: str
    place: Column
    segments: Sequence[ShownSegment]
    total: ShownMoney


@dataclass(frozen=True, slots=True)
class ShownTick:
    """A line at a round amount."""

    y: str
    label: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the table; a cost is None where there is none."""

    name: str
    url: str
    costs: Sequence[ShownMoney | None]
    total: ShownMoney


@dataclass(frozen=True, slots=True)
class CostChart:
    """The chart and its table; sizes in pixels. Every `label_step`-th column has its label below it."""

    title: str
    unit: Unit
    height: int
    axis_width: int
    label_step: int
    ticks: Sequence[ShownTick]
    columns: Sequence[ShownColumn]
    series: Sequence[Series]
    rows: Sequence[FigureRow]
    totals: FigureRow


def nanos_by_day(groups: Iterable[SummaryGroup], currency: str) -> dict[date, dict[str, int]]:
    """The book's sums by day and part, in one currency."""
    days: dict[date, dict[str, int]] = {}
    for group in groups:
        for totals in group.totals:
            if totals.currency == currency:
                parts = days.setdefault(date.fromisoformat(group.key), {})
                parts[group.part] = parts.get(group.part, 0) + from_money(totals.total_cost).nanos
    return days


def cost_chart(days: NanosByDay, view: View, now: datetime, currency: str) -> CostChart | None:
    """The chart of a view; None where it has no cost at all."""
    period = _drawn_period(days, view, now)
    if period is None or not any(any(parts.values()) for parts in days.values()):
        return None
    unit = unit_of(period)
    buckets = buckets_of(period, view.span.to_at)
    sums = into_buckets(buckets, days, unit)
    series = series_of(sums)
    amounts = [[layer.sum_of(parts) for layer in series] for parts in sums]
    chart = draw(amounts)
    columns = [
        _column(bucket, place, series, currency, view.query)
        for bucket, place in zip(buckets, chart.columns, strict=True)
    ]
    ticks = [
        ShownTick(tick.y, tick_label(tick.nanos, chart.axis.step, currency), tick.nanos == 0)
        for tick in chart.ticks
    ]
    return CostChart(
        title=_UNIT_WORDS[unit],
        unit=unit,
        height=PLOT_HEIGHT_PX,
        axis_width=_AXIS_GAP_PX + _CHARACTER_PX * max(len(tick.label) for tick in ticks),
        label_step=-(-len(buckets) // _MOST_LABELS),
        ticks=ticks,
        columns=columns,
        series=series,
        rows=[
            _figures(column.name, column.url, of_column, currency)
            for column, of_column in zip(columns, amounts, strict=True)
        ],
        totals=_figures("Total", "", [sum(layer) for layer in zip(*amounts, strict=True)], currency),
    )


def _drawn_period(days: NanosByDay, view: View, now: datetime) -> Period | None:
    """What the view covers; a range without a beginning, or from long ago, begins with its first cost."""
    if not days:
        return None
    first_at = midnight(min(days))
    if view.period is None:
        return covered_period(view.span.from_at or first_at, view.span.to_at, now)
    if unit_of(view.period) != "year":
        return view.period
    return covered_period(max(view.period.from_at, first_at), view.span.to_at, now)


def _column(
    bucket: Bucket, place: Column, series: Sequence[Series], currency: str, query: Query
) -> ShownColumn:
    total = sum(segment.nanos for segment in place.segments)
    return ShownColumn(
        name=bucket.name,
        label=bucket.label,
        url=_url_of(bucket, query),
        place=place,
        segments=[
            ShownSegment(
                y=segment.y,
                height=segment.height,
                style=series[segment.series].style,
                label=series[segment.series].label,
                cost=show_money(Money(currency, segment.nanos)),
            )
            for segment in place.segments
        ],
        total=show_money(Money(currency, total)),
    )


def _url_of(bucket: Bucket, query: Query) -> str:
    span = {"from": start_parameter(bucket.period.from_at), "to": end_parameter(bucket.period.to_at)}
    return query.having({"days": "", **span}).url()


def _figures(name: str, url: str, nanos: Sequence[int], currency: str) -> FigureRow:
    costs = [show_money(Money(currency, amount)) if amount else None for amount in nanos]
    return FigureRow(name, url, costs, show_money(Money(currency, sum(nanos))))
