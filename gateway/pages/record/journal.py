"""The journal of a charge: every change of its cost, and whether they add up to it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.common.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One entry. `kind`: estimate, reversal, exact or adjustment; `amount` is signed."""

    at: datetime | None
    kind: str
    amount: Money
    cost_after: Money
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSum:
    """What the entries of one currency add up to, beside the cost that the book says."""

    total: Money
    cost: Money
    entry_count: int

    @property
    def agrees(self) -> bool:
        """They are the same, as they must be."""
        return self.total == self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """All entries, oldest first, and one sum for each currency."""

    lines: tuple[JournalLine, ...]
    sums: tuple[JournalSum, ...]


def journal_of(lines: Iterable[JournalLine], costs: Sequence[Money]) -> Journal:
    """The entries with their sums; a currency without a cost now must have come to 0."""
    kept = tuple(lines)
    by_currency = {cost.currency: cost for cost in costs}
    for line in kept:
        by_currency.setdefault(line.amount.currency, Money(line.amount.currency, 0))
    return Journal(lines=kept, sums=tuple(_sum(kept, cost) for cost in by_currency.values()))


def _sum(lines: Sequence[JournalLine], cost: Money) -> JournalSum:
    own = [line.amount.nanos for line in lines if line.amount.currency == cost.currency]
    return JournalSum(total=Money(cost.currency, sum(own)), cost=cost, entry_count=len(own))
