"""Stacked columns as geometry: amounts in, places out. Pure, and in integers: what is drawn is what is booked.

Across in percent of the plot's width, down in pixels of its height, so that a plot fills any width and its lettering
keeps its size. Amounts below 0 are stacked downwards from the line of 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pages.overview.ticks import Axis, axis_for

PLOT_HEIGHT_PX = 220

_PERCENT = 10_000
_ACROSS = 100 * _PERCENT
"""The width of the plot in ten-thousandths of a percent."""

_PIXEL = 100
_HEIGHT = PLOT_HEIGHT_PX * _PIXEL
"""The height of the plot in hundredths of a pixel."""

_FILLED_PERCENT = 74
_WIDEST = 8 * _PERCENT
_LEAST_HEIGHT = _PIXEL
"""Less than a pixel would not be seen."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One amount of a column: which of the series, how much in nanos, and where it is drawn."""

    series: int
    nanos: int
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the axis of time. `slot_*` is the whole place, the rest what is drawn in it."""

    slot_x: str
    slot_width: str
    x: str
    width: str
    middle: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot at a round amount."""

    nanos: int
    y: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Where everything is."""

    axis: Axis
    ticks: tuple[Tick, ...]
    columns: tuple[Column, ...]


def draw(columns: Sequence[Sequence[int]]) -> Chart:
    """The chart of 1 column or more: of each the amounts in nanos, one for each series, from the bottom up."""
    above = max(sum(nanos for nanos in column if nanos > 0) for column in columns)
    below = min(sum(nanos for nanos in column if nanos < 0) for column in columns)
    axis = axis_for(below, above)
    return Chart(
        axis=axis,
        ticks=tuple(Tick(nanos, _pixels(_y_of(nanos, axis))) for nanos in axis.ticks),
        columns=tuple(_column(place, column, len(columns), axis) for place, column in enumerate(columns)),
    )


def _column(place: int, amounts: Sequence[int], count: int, axis: Axis) -> Column:
    left, right = place * _ACROSS // count, (place + 1) * _ACROSS // count
    width = min((right - left) * _FILLED_PERCENT // 100, _WIDEST)
    x = left + (right - left - width) // 2
    return Column(
        slot_x=_across(left),
        slot_width=_across(right - left),
        x=_across(x),
        width=_across(width),
        middle=_across((left + right) // 2),
        segments=tuple(_segments(amounts, axis)),
    )


def _segments(amounts: Sequence[int], axis: Axis) -> list[Segment]:
    made = []
    above = below = 0
    for series, nanos in enumerate(amounts):
        if nanos > 0:
            made.append(_segment(series, nanos, above, above + nanos, axis))
            above += nanos
        elif nanos < 0:
            made.append(_segment(series, nanos, below + nanos, below, axis))
            below += nanos
    return made


def _segment(series: int, nanos: int, low: int, high: int, axis: Axis) -> Segment:
    y, end = _y_of(high, axis), _y_of(low, axis)
    height = max(end - y, _LEAST_HEIGHT)
    return Segment(series, nanos, _pixels(end - height if nanos > 0 else y), _pixels(height))


def _y_of(nanos: int, axis: Axis) -> int:
    return (axis.top - nanos) * _HEIGHT // (axis.top - axis.bottom)


def _across(amount: int) -> str:
    return f"{amount // _PERCENT}.{amount % _PERCENT:04d}%"


def _pixels(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // _PIXEL}.{abs(amount) % _PIXEL:02d}"
