"""A sweep as a fact: a window of one record type was read to its end."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from services.common.money import Money
from services.reconciler.windows import Window

Verdict = Literal["", "complete", "different", "unproven"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What was read, and, once the ledger has recorded it, what it proves.

    `complete`: the ledger holds exactly what the window held. `different`: another number of records.
    `unproven`: no rows came back and nothing shows that the query works. `is_counted`: Telnyx was asked only how many
    records the window holds; none of them was read again.
    """

    record_type: str
    window: Window
    read_at: datetime
    total_results: int
    query_form: str = ""
    account_key: str = ""
    held_count: int = 0
    verdict: Verdict = ""
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What usage_reports said of one type's product: the cost of each UTC day for which there was a row."""

    record_type: str
    days: tuple[tuple[date, Money], ...]
    read_at: datetime
    account_key: str
