"""Which charges a question is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, FromClause, false, literal_column

from services.ledger import tables
from services.ledger.charges import Kind
from services.ledger.store.rollups import charge_type

Status = Literal["estimated", "exact"]
WantedDirection = Literal["inbound", "outbound"]

KINDS: tuple[Kind, ...] = ("call", "sms", "other")

_TYPES: tuple[tuple[Kind, WantedDirection | Literal[""]], ...] = (
    ("call", "inbound"),
    ("call", "outbound"),
    ("sms", "inbound"),
    ("sms", "outbound"),
    ("other", ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFilter:
    """None and "" do not restrict. `from_at` is inclusive, `to_at` exclusive, on the billing date.

    `direction` is that of a call or a message; what is neither has none. What `text` finds stands with
    `services.ledger.store.text_search.seek`.
    """

    from_at: datetime | None = None
    to_at: datetime | None = None
    phone_number: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    direction: WantedDirection | None = None
    text: str = ""


def charge_types(wanted: ChargeFilter) -> list[str]:
    """The types, as the rollups have them, that a filter lets through."""
    return [
        charge_type(kind, direction)
        for kind, direction in _TYPES
        if wanted.kind in (None, kind) and wanted.direction in (None, direction)
    ]


def listed(wanted: ChargeFilter, table: FromClause = tables.billing) -> list[ColumnElement[bool]]:
    """The filter, text aside, as conditions on telnyx_billing, or on what has been selected of it.

    What was merged away is neither listed nor counted.
    """
    conditions: list[ColumnElement[bool]] = [table.c.merged_into.is_(None)]
    if wanted.from_at is not None:
        conditions.append(table.c.billing_date >= wanted.from_at)
    if wanted.to_at is not None:
        conditions.append(table.c.billing_date < wanted.to_at)
    if wanted.phone_number is not None:
        conditions.append(table.c.phone_number == wanted.phone_number)
    if wanted.kind is not None:
        conditions.append(table.c.record_type == wanted.kind)
    if wanted.direction is not None:
        conditions.append(table.c.direction == wanted.direction)
        conditions.append(false() if wanted.kind == "other" else table.c.record_type != "other")
    if wanted.status is not None:
        # Spelled out rather than bound: a partial index serves only a condition that can be seen to imply its own.
        conditions.append(table.c.status == literal_column(f"'{wanted.status}'"))
    return conditions
