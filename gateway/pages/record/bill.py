"""What a cost consists of, as pages tell of it: its parts, and the rest that no part explains yet. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.pages.record.part_words import LEADING_TYPES
from services.common.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPart:
    """One line of a cost: a detail record, or a part of a `call.cost` webhook that stands in for it.

    `rate` is the decimal text that Telnyx wrote. Seconds are None where Telnyx has told none.
    """

    record_type: str
    record_id: str
    cost: Money
    rate: str
    billed_seconds: int | None
    call_seconds: int | None
    source: str

    @property
    def is_from_webhook(self) -> bool:
        """Told by `call.cost`; no detail record has confirmed it yet."""
        return self.source == "call_cost_webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A cost in one currency with its parts, the leading ones first, then the dearest."""

    cost: Money
    parts: tuple[BillPart, ...]

    @property
    def unexplained(self) -> Money:
        """What the cost is beyond its parts: the estimate of what is still to come. 0 for an exact cost."""
        return Money(self.cost.currency, self.cost.nanos - sum(part.cost.nanos for part in self.parts))


def bills_of(costs: Sequence[Money], parts: Iterable[BillPart]) -> tuple[Bill, ...]:
    """One bill for each cost, in their order.

    A part that costs nothing, in a currency that has no cost, is shown with the first (as the ledger has it).
    """
    currencies = [cost.currency for cost in costs]
    held: dict[str, list[BillPart]] = {currency: [] for currency in currencies}
    for part in sorted(parts, key=_order):
        if part.cost.currency in held:
            held[part.cost.currency].append(part)
        elif currencies and not part.cost.nanos:
            held[currencies[0]].append(replace(part, cost=Money(currencies[0], 0)))
    return tuple(Bill(cost=cost, parts=tuple(held[cost.currency])) for cost in costs)


def _order(part: BillPart) -> tuple[int, int, str]:
    is_leading = part.record_type in LEADING_TYPES
    rank = LEADING_TYPES.index(part.record_type) if is_leading else len(LEADING_TYPES)
    return (rank, -part.cost.nanos, part.record_type)
