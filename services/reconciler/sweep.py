"""A sweep as a fact: a window of one record type was read to its end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

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
