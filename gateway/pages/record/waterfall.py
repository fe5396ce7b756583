"""A cost as a waterfall: each part begins where the one before ended, and the last ends at the cost. Pure.

Widths are in units of a drawing that is `WIDTH` wide and is stretched to the space there is. An edge that two bars
share is rounded once, so they meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

WIDTH = 10_000


@dataclass(frozen=True, slots=True)
class Bar:
    """One step: from `start_nanos` to `end_nanos`; `x` and `width` are where it is drawn, the lesser end first.

    `start_x` and `end_x` are where it joins its neighbours.
    """

    start_nanos: int
    end_nanos: int
    start_x: int
    end_x: int

    @property
    def x(self) -> int:
        """The left edge."""
        return min(self.start_x, self.end_x)

    @property
    def width(self) -> int:
        """0 for a step that costs nothing."""
        return abs(self.end_x - self.start_x)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """One bar for each amount, and one from 0 to their sum."""

    bars: tuple[Bar, ...]
    total: Bar


def waterfall(amounts_nanos: Sequence[int]) -> Waterfall:
    """The bars of these amounts, in their order. Negative ones (credits) step back."""
    edges = list(accumulate(amounts_nanos, initial=0))
    low, high = min(edges), max(edges)

    def bar(start: int, end: int) -> Bar:
        return Bar(start, end, _scaled(start - low, high - low), _scaled(end - low, high - low))

    return Waterfall(
        bars=tuple(bar(start, end) for start, end in pairwise(edges)),
        total=bar(0, edges[-1]),
    )


def _scaled(distance: int, span: int) -> int:
    return (distance * WIDTH + span // 2) // span if span else 0
