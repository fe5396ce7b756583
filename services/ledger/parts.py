"""What one part of a call costs: its records, or the part of `call.cost` that stands in for them (rules 3.e, 3.f)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.webhook_event import CostPart

FROM_RECORD = "detail_records_api"
FROM_CALL_COST = "call_cost_webhook"

Amounts = Mapping[str, int]
"""Nanos by currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of what a charge consists of. `record_id` is empty for a part that only `call.cost` has told."""

    record_type: str
    record_id: str
    currency: str
    cost_nanos: int
    rate: str
    billed_seconds: int | None
    call_seconds: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEvidence:
    """All that is known about one part: of one leg, or of one session for session-scoped types.

    `expected_count`: how many records the webhooks announced; 0 when nothing is expected.
    `is_closed`: a closing sweep has shown that no more records will come (rule 3.n).
    """

    record_type: str
    records: tuple[DetailRecord, ...] = ()
    cost_parts: tuple[CostPart, ...] = ()
    expected_count: int = 0
    is_closed: bool = False

    @property
    def is_replaced(self) -> bool:
        """The records have taken the place of `call.cost`: at least one is billed, and as many as it named."""
        billed_count = sum(map(is_billed_record, self.records))
        named_count = sum(1 for part in self.cost_parts if part.cost is not None and part.cost.nanos)
        return billed_count >= max(1, named_count)

    @property
    def rests_on_records(self) -> bool:
        """Nothing that `call.cost` named still counts."""
        return self.is_closed or not self.cost_parts or self.is_replaced

    @property
    def is_present(self) -> bool:
        """All that is to be expected of this part is here. A record of 0 billed seconds is never presence."""
        needed = max(1, self.expected_count)
        return (
            self.is_closed
            or sum(map(is_billed_record, self.records)) >= needed
            or sum(map(is_billed_part, self.cost_parts)) >= needed
        )

    @property
    def uses_records(self) -> bool:
        """Records and `call.cost` are the same money: the larger of the two counts until the records are complete."""
        if self.rests_on_records:
            return True
        return _is_at_least(record_amounts(self.records), part_amounts(self.cost_parts))


def is_billed_record(record: DetailRecord) -> bool:
    """Telnyx billed it: time was billed, or an amount for types billed by unit."""
    if record.billed_seconds:
        return True
    known = find_record_type(record.record_type)
    by_unit = known is None or known.billed_by_unit or record.billed_seconds is None
    return by_unit and record.cost is not None and record.cost.nanos != 0


def is_billed_part(part: CostPart) -> bool:
    """A part of `call.cost` with billed time or with an amount."""
    return part.cost is not None and bool(part.billed_seconds or part.cost.nanos)


def charged_nanos(record: DetailRecord) -> int:
    """What Telnyx charges for a record: nothing when it is not billable."""
    return record.cost.nanos if record.cost is not None and record.is_billable else 0


def record_amounts(records: Iterable[DetailRecord]) -> Counter[str]:
    """Sums of what the records charge, by currency; a currency with a zero record is there with 0."""
    sums: Counter[str] = Counter()
    for record in records:
        if record.cost is not None:
            sums[record.cost.currency] += charged_nanos(record)
    return sums


def part_amounts(cost_parts: Iterable[CostPart]) -> Counter[str]:
    """Sums of what `call.cost` named, by currency."""
    sums: Counter[str] = Counter()
    for part in cost_parts:
        if part.cost is not None:
            sums[part.cost.currency] += part.cost.nanos
    return sums


def record_part(record: DetailRecord, default_currency: str) -> Part:
    """A record as a line of a charge."""
    return Part(
        record_type=record.record_type,
        record_id=record.record_id,
        currency=record.cost.currency if record.cost else default_currency,
        cost_nanos=charged_nanos(record),
        rate=record.rate,
        billed_seconds=record.billed_seconds,
        call_seconds=record.call_seconds,
        source=FROM_RECORD,
    )


def webhook_part(part: CostPart, default_currency: str) -> Part:
    """A part of `call.cost` as a line of a charge."""
    return Part(
        record_type=part.record_type,
        record_id="",
        currency=part.cost.currency if part.cost else default_currency,
        cost_nanos=part.cost.nanos if part.cost else 0,
        rate=part.rate,
        billed_seconds=part.billed_seconds,
        call_seconds=None,
        source=FROM_CALL_COST,
    )


def _is_at_least(records: Amounts, named: Amounts) -> bool:
    """Whether the records' sum is the larger. Amounts of different currencies do not compare: there records win."""
    currencies = {currency for amounts in (records, named) for currency, nanos in amounts.items() if nanos}
    if len(currencies) > 1:
        return any(records.values())
    return sum(records.values()) >= sum(named.values())
