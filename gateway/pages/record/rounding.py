"""What it costs that Telnyx bills started minutes, not seconds. Pure, in exact arithmetic.

Telnyx bills a part by its billed seconds at one rate: each of them costs cost / billed seconds. The price of rounding
is that of the seconds that were billed and not used. It is a share of a whole number of nanos and seldom a whole
number itself: then it is rounded to the nearest, half up, and `is_exact` is false.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from gateway.pages.record.bill import BillPart
from services.common.money import Money


@dataclass(frozen=True, slots=True)
class Rounding:
    """One part's seconds. `price` is between 0 and the part's cost; `is_exact`: to the nano."""

    part: BillPart
    used_seconds: int
    billed_seconds: int
    price: Money
    is_exact: bool

    @property
    def extra_seconds(self) -> int:
        """Billed and not used."""
        return max(0, self.billed_seconds - self.used_seconds)


@dataclass(frozen=True, slots=True)
class RoundingTotal:
    """The price of rounding over several parts of one currency; each share is rounded by itself."""

    price: Money
    is_exact: bool
    percent_of_cost: int
    """Of all that the parts cost, to the nearest percent."""


def rounding_of(part: BillPart) -> Rounding | None:
    """The seconds of a part; None where Telnyx has not told both, or billed no time."""
    used_s, billed_s = part.call_seconds, part.billed_seconds
    if used_s is None or not billed_s or used_s < 0 or billed_s < 0:
        return None
    extra_s = max(0, billed_s - used_s)
    share = Fraction(part.cost.nanos * extra_s, billed_s)
    nanos = _nearest(share)
    return Rounding(part, used_s, billed_s, Money(part.cost.currency, nanos), share == nanos)


def total_rounding(roundings: Iterable[Rounding]) -> RoundingTotal | None:
    """The sum of what the rounding of these parts costs; None without any. They are of one currency."""
    items = list(roundings)
    if not items:
        return None
    price_nanos = sum(item.price.nanos for item in items)
    cost_nanos = sum(item.part.cost.nanos for item in items)
    return RoundingTotal(
        price=Money(items[0].price.currency, price_nanos),
        is_exact=all(item.is_exact for item in items),
        percent_of_cost=_nearest(Fraction(100 * price_nanos, cost_nanos)) if cost_nanos else 0,
    )


def _nearest(share: Fraction) -> int:
    return (2 * share.numerator + share.denominator) // (2 * share.denominator)
