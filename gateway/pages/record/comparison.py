"""The estimate beside the exact cost. Pure, in exact arithmetic."""

from dataclasses import dataclass
from fractions import Fraction

from services.common.money import Money


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far the estimate was off. `percent` has a sign and one decimal; empty where the estimate was 0."""

    estimate: Money
    cost: Money
    difference: Money
    percent: str


def compare(estimate: Money, cost: Money) -> Comparison | None:
    """The cost against its estimate; None in different currencies, which do not compare."""
    if estimate.currency != cost.currency:
        return None
    difference = cost.nanos - estimate.nanos
    percent = _percent(difference, estimate.nanos) if estimate.nanos else ""
    return Comparison(estimate, cost, Money(cost.currency, difference), percent)


def _percent(difference_nanos: int, estimate_nanos: int) -> str:
    tenths = round(Fraction(difference_nanos * 1000, estimate_nanos))
    whole, tenth = divmod(abs(tenths), 10)
    sign = "−" if tenths < 0 else "+" if tenths else "±"
    return f"{sign}{whole}.{tenth} %"
