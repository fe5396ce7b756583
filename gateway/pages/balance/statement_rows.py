"""A statement as rows: what each moved, and what the balance then was. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.common.money import Money

KIND_WORDS = {
    "top_up": "Top-up",
    "usage": "Usage",
    "monthly": "Monthly charges",
    "one_time": "One-time charges",
    "credits": "Credits",
    "adjustments": "Adjustments by Telnyx",
    "taxes_and_fees": "Taxes and fees",
    "unexplained": "Not explained",
}
"""By `kind` of the REST answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What a line of the statement says; `detail` is the record type of usage."""

    kind: str
    amount: Money
    detail: str = ""
    at: datetime | None = None
    is_inferred: bool = False


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A movement and the balance after it, all before it counted."""

    movement: Movement
    after: Money

    @property
    def is_rest(self) -> bool:
        """What nothing else accounts for."""
        return self.movement.kind == "unexplained"


@dataclass(frozen=True, slots=True)
class StatementRows:
    """`rest` is the unexplained part; `agrees` when opening and movements make the closing balance, as they must."""

    rows: Sequence[StatementRow]
    moved: Money
    rest: Money
    agrees: bool


def statement_rows(opening: Money, movements: Iterable[Movement], closing: Money) -> StatementRows:
    """The rows of the account's currency; movements in another are not among them."""
    after = opening
    rows = []
    for movement in movements:
        if movement.amount.currency == opening.currency:
            after = after + movement.amount
            rows.append(StatementRow(movement, after))
    rest = sum(row.movement.amount.nanos for row in rows if row.is_rest)
    return StatementRows(
        rows=rows,
        moved=Money(opening.currency, after.nanos - opening.nanos),
        rest=Money(opening.currency, rest),
        agrees=after == closing,
    )
