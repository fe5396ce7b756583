"""What belongs to no call and no message: each such record is a charge of its own (rule 3.c)."""

from services.ledger.charges import Charge
from services.ledger.facts import Rules
from services.ledger.legs import fact_time
from services.ledger.parts import FROM_RECORD, charged_nanos, record_part
from services.ledger.unreadable import blocks
from services.telnyx_vocabulary.detail_record import DetailRecord


def other_id(record: DetailRecord) -> str:
    """The record_id of the charge of a record that is at home nowhere else."""
    return f"{record.record_type}:{record.record_id}"


def derive_other(record: DetailRecord, rules: Rules) -> Charge:
    """The charge of one record of no call."""
    is_inbound = record.direction == "inbound"
    return Charge(
        kind="other",
        record_id=other_id(record),
        currency=record.cost.currency if record.cost else rules.account_currency,
        cost_nanos=charged_nanos(record),
        can_settle=not blocks(record),
        source=FROM_RECORD,
        phone_number=record.to_number if is_inbound else record.from_number,
        contact=record.from_number if is_inbound else record.to_number,
        direction=record.direction,
        billing_at=fact_time(record),
        duration_s=record.call_seconds or 0,
        parts=(record_part(record, rules.account_currency),),
        details={"recordType": record.record_type},
    )
