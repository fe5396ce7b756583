"""The chart of the balance: its line, its axes, and the same figures as a table. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from gateway.pages.balance.balance_line import PLOT_HEIGHT_PX, BalanceLine, Reading, draw_balance
from gateway.pages.overview.buckets import Bucket, buckets_of
from gateway.pages.overview.ticks import tick_label
from gateway.pages.periods import Period
from services.common.money import Money

_MOST_LABELS = 7
_CHARACTER_PX = 7
_AXIS_GAP_PX = 10
_PERCENT = 10_000
_INSTANT = timedelta(microseconds=1)
_NEAR_THE_EDGE = 85 * _PERCENT


@dataclass(frozen=True, slots=True)
class ShownTick:
    """A line at a round amount."""

    y: str
    label: str
    is_zero: bool


@dataclass(frozen=True, slots=True)
class DayLabel:
    """A date below the plot, where it begins; near the right edge its text ends there, so that it stays within."""

    x: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A UTC day: its first and last balance, and how low and high it was."""

    day: date
    first: Money
    lowest: Money
    highest: Money
    last: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChart:
    """The drawing, and its figures by day, newest first."""

    line: BalanceLine
    height: int
    axis_width: int
    ticks: Sequence[ShownTick]
    labels: Sequence[DayLabel]
    days: Sequence[DayFigures]
    lowest: Money
    highest: Money


def balance_chart(readings: Sequence[Reading], period: Period, currency: str) -> BalanceChart | None:
    """The chart of the readings of a period, oldest first; None where there are none."""
    if not readings:
        return None
    # What was before the first reading is not known, and would only take room.
    drawn = Period(max(period.from_at, readings[0].at), max(period.to_at, readings[-1].at + _INSTANT))
    line = draw_balance(readings, drawn)
    ticks = [
        ShownTick(tick.y, tick_label(tick.nanos, line.axis.step, currency), tick.nanos == 0)
        for tick in line.ticks
    ]
    amounts = [reading.nanos for reading in readings]
    return BalanceChart(
        line=line,
        height=PLOT_HEIGHT_PX,
        axis_width=_AXIS_GAP_PX + _CHARACTER_PX * max(len(tick.label) for tick in ticks),
        ticks=ticks,
        labels=_labels(buckets_of(drawn, drawn.to_at), drawn),
        days=_days(readings, currency),
        lowest=Money(currency, min(amounts)),
        highest=Money(currency, max(amounts)),
    )


def _labels(buckets: Sequence[Bucket], period: Period) -> list[DayLabel]:
    step = -(-len(buckets) // _MOST_LABELS)
    whole = period.to_at - period.from_at
    made = []
    for bucket in buckets[::step]:
        x = (bucket.period.from_at - period.from_at) * 100 * _PERCENT // whole
        anchor = "end" if x > _NEAR_THE_EDGE else "start"
        made.append(DayLabel(f"{x // _PERCENT}.{x % _PERCENT:04d}%", anchor, bucket.label))
    return made


def _days(readings: Sequence[Reading], currency: str) -> list[DayFigures]:
    by_day: dict[date, list[int]] = {}
    for reading in readings:
        by_day.setdefault(_utc_day(reading.at), []).append(reading.nanos)
    return [
        DayFigures(
            day,
            first=Money(currency, amounts[0]),
            lowest=Money(currency, min(amounts)),
            highest=Money(currency, max(amounts)),
            last=Money(currency, amounts[-1]),
        )
        for day, amounts in sorted(by_day.items(), reverse=True)
    ]


def _utc_day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
