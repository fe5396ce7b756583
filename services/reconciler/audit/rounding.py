"""Holding an exact sum against one that was rounded, without knowing how it was rounded. Pure."""

from collections.abc import Callable
from typing import Final

_NANO_DECIMALS: Final = 9


def _truncated(units: int, rest: int, size: int) -> int:
    del rest, size
    return units


def _half_up(units: int, rest: int, size: int) -> int:
    return units + (2 * rest >= size)


def _half_even(units: int, rest: int, size: int) -> int:
    return units + (2 * rest > size or (2 * rest == size and units % 2 == 1))


_ROUNDINGS: Final[tuple[Callable[[int, int, int], int], ...]] = (_truncated, _half_up, _half_even)
"""Telnyx does not say how usage_reports round. Each of these is used by some billing system."""


def agrees(exact_nanos: int, rounded_nanos: int, decimals: int) -> bool:
    """Whether the exact amount, rounded to these decimals, is the rounded one.

    Rounded in any usual way: half up (away from zero), half even, or truncated. With 9 decimals or more both must be
    the same to the nano.
    """
    return any(off == 0 for off in _offs(exact_nanos, rounded_nanos, decimals))


def cancels(one: tuple[int, int], other: tuple[int, int], decimals: int) -> bool:
    """Whether the differences of two (exact, rounded) pairs are opposite to each other at these decimals.

    Both exact amounts are rounded in the same way.
    """
    offs = zip(_offs(*one, decimals), _offs(*other, decimals), strict=True)
    return any(mine + theirs == 0 for mine, theirs in offs)


def _offs(exact_nanos: int, rounded_nanos: int, decimals: int) -> list[int]:
    """How far the exact amount, rounded in each way, lies from the rounded one, in nanos."""
    size: int = 10 ** max(0, _NANO_DECIMALS - decimals)
    sign = -1 if exact_nanos < 0 else 1
    units, rest = divmod(abs(exact_nanos), size)
    return [sign * rounding(units, rest, size) * size - rounded_nanos for rounding in _ROUNDINGS]
