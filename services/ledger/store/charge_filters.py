"""Which charges a question is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement

from services.ledger import tables
from services.ledger.charges import Kind

Status = Literal["estimated", "exact"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeFilter:
    """None does not restrict. `from_at` is inclusive, `to_at` exclusive, on the billing date."""

    from_at: datetime | None = None
    to_at: datetime | None = None
    phone_number: str | None = None
    kind: Kind | None = None
    status: Status | None = None


def listed(wanted: ChargeFilter) -> list[ColumnElement[bool]]:
    """The filter as conditions on telnyx_billing; what was merged away is neither listed nor counted."""
    table = tables.billing
    conditions: list[ColumnElement[bool]] = [table.c.merged_into.is_(None)]
    if wanted.from_at is not None:
        conditions.append(table.c.billing_date >= wanted.from_at)
    if wanted.to_at is not None:
        conditions.append(table.c.billing_date < wanted.to_at)
    if wanted.phone_number is not None:
        conditions.append(table.c.phone_number == wanted.phone_number)
    if wanted.kind is not None:
        conditions.append(table.c.record_type == wanted.kind)
    if wanted.status is not None:
        conditions.append(table.c.status == wanted.status)
    return conditions
