"""What usage_reports said: Telnyx's own sums per product and UTC day (Telnyx facts, section 6)."""

from dataclasses import dataclass
from datetime import date, datetime

from services.common.money import Money

MAX_USAGE_DAYS = 31
"""usage_reports takes no more days per request (Telnyx facts, section 6)."""

PRODUCT_PREFIX = "usage:"
"""Begins the name of a product that no known record type is billed as; its own name in usage_reports follows."""


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What one product cost on one UTC day. The cost is exact to `decimals` only."""

    day: date
    cost: Money
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What usage_reports said of one type's product: the cost of each UTC day for which there was a row.

    `record_type` is a canonical record type, or "usage:<product>".
    """

    record_type: str
    days: tuple[UsageDay, ...]
    read_at: datetime
    account_key: str
