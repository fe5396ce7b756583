"""What came of fetching one cost."""

from dataclasses import dataclass

from services.common.money import Money
from services.reconciler.items import OpenItem
from services.reconciler.job import unsettled_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """`message` is for people; `cost` is what the book has, exact or not."""

    call_id: str
    is_settled: bool
    cost: Money | None
    message: str
    should_retry: bool


def settled(call_id: str, cost: Money | None) -> Fetched:
    """The cost is exact."""
    return Fetched(
        call_id=call_id, is_settled=True, cost=cost, message="The cost is exact.", should_retry=False
    )


def waiting(call_id: str, cost: Money | None, item: OpenItem) -> Fetched:
    """The cost is not exact yet; the item says why, and whether to try again is worth it."""
    return Fetched(
        call_id=call_id,
        is_settled=False,
        cost=cost,
        message=unsettled_reason(item, {}),
        should_retry=bool(item.missing) or not item.unreadable,
    )
