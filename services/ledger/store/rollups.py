"""Sums that are kept in the same transaction as what they sum."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from services.common.times import utc_day
from services.ledger import tables
from services.ledger.store.statements import add_to_sums

_SLOT_COUNT = 16
"""On PostgreSQL batches of the same day write into different slots, so that they need not wait for one another."""

ChargeKey = tuple[date, str, str, str]
RecordKey = tuple[str, date, str]


def charge_type(kind: str, direction: str) -> str:
    """The record type of the answers: call_inbound, call_outbound, sms_inbound, sms_outbound, other."""
    return kind if kind == "other" else f"{kind}_{direction or 'outbound'}"


@dataclass(slots=True)
class RollupDeltas:
    """What one transaction adds to the sums; a row that changed is taken out as it was and put in as it is."""

    charge_nanos: Counter[ChargeKey] = field(default_factory=Counter)
    exact_nanos: Counter[ChargeKey] = field(default_factory=Counter)
    charge_count: Counter[ChargeKey] = field(default_factory=Counter)
    exact_count: Counter[ChargeKey] = field(default_factory=Counter)
    record_nanos: Counter[RecordKey] = field(default_factory=Counter)
    record_count: Counter[RecordKey] = field(default_factory=Counter)

    def count_charge(self, row: Any, sign: int) -> None:
        """Put in (+1) or take out (-1) a row of telnyx_billing; one that was merged away is not counted."""
        if row.merged_into is not None:
            return
        kind = charge_type(row.record_type, row.direction)
        key = (utc_day(row.billing_date), row.phone_number, kind, row.currency)
        self.charge_nanos[key] += sign * row.cost_nanos
        self.charge_count[key] += sign
        if row.settled_at is not None:
            self.exact_nanos[key] += sign * row.cost_nanos
            self.exact_count[key] += sign

    def count_record(self, row: Any, sign: int) -> None:
        """Put in (+1) or take out (-1) a row of detail_records, on the day of its own time field."""
        key = (row.record_type, utc_day(row.record_time or row.first_observed_at), row.currency)
        self.record_nanos[key] += sign * row.cost_nanos
        self.record_count[key] += sign

    def write(self, connection: Connection) -> None:
        """Add everything to the tables; last in the transaction, so that rows are locked only briefly."""
        slot = random.randrange(_SLOT_COUNT) if connection.dialect.name == "postgresql" else 0  # noqa: S311
        add_to_sums(
            connection,
            tables.charge_rollups,
            [
                {
                    "day": key[0],
                    "phone_number": key[1],
                    "record_type": key[2],
                    "currency": key[3],
                    "slot": slot,
                    "cost_nanos": self.charge_nanos[key],
                    "exact_nanos": self.exact_nanos[key],
                    "charge_count": self.charge_count[key],
                    "exact_count": self.exact_count[key],
                }
                for key in _changed(self.charge_nanos, self.exact_nanos, self.charge_count, self.exact_count)
            ],
            sums=("cost_nanos", "exact_nanos", "charge_count", "exact_count"),
        )
        add_to_sums(
            connection,
            tables.record_rollups,
            [
                {
                    "record_type": key[0],
                    "day": key[1],
                    "currency": key[2],
                    "slot": slot,
                    "cost_nanos": self.record_nanos[key],
                    "record_count": self.record_count[key],
                }
                for key in _changed(self.record_nanos, self.record_count)
            ],
            sums=("cost_nanos", "record_count"),
        )


def _changed(*counters: Counter[Any]) -> Iterable[Any]:
    keys = {key for counter in counters for key in counter}
    return [key for key in keys if any(counter[key] for counter in counters)]
