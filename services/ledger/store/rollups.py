"""Sums that are kept in the same transaction as what they sum."""

import random
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, text

from services.common.statements import add_to_sums, has_many_writers
from services.common.times import utc_day
from services.ledger import tables

FLOOR_PART = "estimate"
"""The part of what no part explains: estimates, and costs that came as one sum."""

WHOLE = ""
"""The part, in `day_rollups`, of the whole charges."""

_SLOT_COUNT = 16
_SLOTS_KEY = zlib.crc32(b"tollbook ledger: slots") >> 1


def charge_type(kind: str, direction: str) -> str:
    """The record type of the answers: call_inbound, call_outbound, sms_inbound, sms_outbound, other."""
    return kind if kind == "other" else f"{kind}_{direction or 'outbound'}"


def part_sums(cost_nanos: int, lines: Iterable[Any]) -> Counter[str]:
    """What each part of a charge comes to; together they are its cost. `lines` are rows of billing_parts."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.record_type] += line.cost_nanos
    rest = cost_nanos - sum(sums.values())
    if rest:
        sums[FLOOR_PART] += rest
    return sums


@cache
def _columns_of(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What tells the rows apart, but for the slot, and what is summed in them."""
    keys = tuple(column.name for column in table.primary_key if column.name != "slot")
    return keys, tuple(column.name for column in table.columns if not column.primary_key)


class _Deltas:
    """What one transaction adds to the rows of one table of sums."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._keys, self._sums = _columns_of(table)
        self._by_key: dict[tuple[Any, ...], list[int]] = {}

    def add(self, key: tuple[Any, ...], amounts: Sequence[int]) -> None:
        """Add to the row with this key; both are in the order of the table's columns."""
        before = self._by_key.get(key)
        after = amounts if before is None else map(int.__add__, before, amounts)
        self._by_key[key] = list(after)

    def write(self, connection: Connection, slot: int) -> None:
        rows = [
            {
                **dict(zip(self._keys, key, strict=True)),
                "slot": slot,
                **dict(zip(self._sums, sums, strict=True)),
            }
            for key, sums in self._by_key.items()
            if any(sums)
        ]
        add_to_sums(connection, self._table, rows, self._sums)


class RollupDeltas:
    """What one transaction adds to the sums; a row that changed is taken out as it was and put in as it is."""

    def __init__(self) -> None:
        self._numbers = _Deltas(tables.number_rollups)
        self._parts = _Deltas(tables.part_rollups)
        self._days = _Deltas(tables.day_rollups)
        self._records = _Deltas(tables.record_rollups)

    def count_charge(self, row: Any, lines: Iterable[Any], sign: int) -> None:
        """Put in (+1) or take out (-1) a row of telnyx_billing with its lines; not one that was merged away."""
        if row.merged_into is not None:
            return
        day, number, currency = utc_day(row.billing_date), row.phone_number, row.currency
        kind = charge_type(row.record_type, row.direction)
        is_exact = row.settled_at is not None

        def amounts(nanos: int) -> tuple[int, int, int, int]:
            return sign * nanos, sign * nanos * is_exact, sign, sign * is_exact

        self._numbers.add((number, kind, currency, day), amounts(row.cost_nanos))
        self._days.add((day, kind, WHOLE, currency), amounts(row.cost_nanos))
        for part, nanos in part_sums(row.cost_nanos, lines).items():
            self._parts.add((number, day, kind, part, currency), amounts(nanos))
            self._days.add((day, kind, part, currency), amounts(nanos))

    def count_record(self, row: Any, sign: int) -> None:
        """Put in (+1) or take out (-1) a row of detail_records, on the day of its own time field."""
        day = utc_day(row.record_time or row.first_observed_at)
        amounts = (sign * row.cost_nanos, sign, sign * row.is_unreadable)
        self._records.add((row.record_type, day, row.currency), amounts)

    def write(self, connection: Connection) -> None:
        """Add everything to the tables; last in the transaction, so that rows are locked only briefly."""
        slot = _free_slot(connection)
        for deltas in (self._numbers, self._parts, self._days, self._records):
            deltas.write(connection, slot)


def _free_slot(connection: Connection) -> int:
    """The lowest slot that no other writer holds: ours until the transaction ends.

    So writers of the same day need not wait for one another, and sums are spread over no more rows than there were
    writers at once. When all are held, one to wait for.
    """
    if not has_many_writers(connection):
        return 0
    query = text(
        "SELECT slot FROM generate_series(0, :last) AS slot WHERE pg_try_advisory_xact_lock(:key, slot) LIMIT 1"
    )
    slot: int | None = connection.execute(query, {"last": _SLOT_COUNT - 1, "key": _SLOTS_KEY}).scalar()
    return random.randrange(_SLOT_COUNT) if slot is None else slot  # noqa: S311
