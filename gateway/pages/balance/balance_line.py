"""The balance over time as a line in steps: moments and amounts in, places out. Pure, and in integers.

The balance stays as it was read until it is read again. Across in ten-thousandths of the plot's width, down in
hundredths of a pixel of its height.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.pages.overview.ticks import Axis, axis_for
from gateway.pages.periods import Period

PLOT_HEIGHT_PX = 200
ACROSS = 10_000

_PIXEL = 100
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the balance was at one moment, in nanos."""

    at: datetime
    nanos: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot at a round amount; `y` in pixels."""

    nanos: int
    y: str


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """`path` and `area` are SVG paths in a box of ACROSS by `height`; the area is between the line and 0."""

    axis: Axis
    ticks: tuple[Tick, ...]
    path: str
    area: str
    height: int


def draw_balance(readings: Sequence[Reading], period: Period) -> BalanceLine:
    """The line of 1 reading or more, oldest first, up to the last of them."""
    amounts = [reading.nanos for reading in readings]
    axis = axis_for(min(amounts), max(amounts))
    points = [(_x_of(reading.at, period), _y_of(reading.nanos, axis)) for reading in readings]
    first_x, first_y = points[0]
    steps = "".join(f"H{x}V{y}" for x, y in points[1:])
    zero = _y_of(0, axis)
    return BalanceLine(
        axis=axis,
        ticks=tuple(Tick(nanos, _pixels(_y_of(nanos, axis))) for nanos in axis.ticks),
        # Without a length it is a dot.
        path=f"M{first_x} {first_y}h0{steps}",
        area=f"M{first_x} {zero}V{first_y}{steps}V{zero}Z",
        height=PLOT_HEIGHT_PX * _PIXEL,
    )


def _x_of(moment: datetime, period: Period) -> int:
    whole = max(period.to_at - period.from_at, _INSTANT)
    return min(max((moment - period.from_at) * ACROSS // whole, 0), ACROSS)


def _y_of(nanos: int, axis: Axis) -> int:
    return (axis.top - nanos) * PLOT_HEIGHT_PX * _PIXEL // (axis.top - axis.bottom)


def _pixels(amount: int) -> str:
    return f"{amount // _PIXEL}.{amount % _PIXEL:02d}"
