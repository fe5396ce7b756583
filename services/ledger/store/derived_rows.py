"""Derived values as rows of their tables."""

from collections.abc import Iterator

from services.common.statements import Values
from services.ledger.charges import Charge, Derived, Leg, OpenItem
from services.ledger.describe import describe, metadata
from services.ledger.faults import record_fault
from services.ledger.journal import Booked
from services.ledger.parts import charged_nanos
from services.ledger.store.loaded_facts import LoadedCluster
from services.ledger.unreadable import blocks


def charge_row(charge: Charge, cluster_id: int, booked: Booked) -> Values:
    """A charge as a row of telnyx_billing, without its times of writing."""
    is_exact = booked.settled_at is not None
    return {
        "cluster_id": cluster_id,
        "phone_number": charge.phone_number,
        "contact": charge.contact,
        "direction": charge.direction,
        "record_type": charge.kind,
        "record_id": charge.record_id,
        "status": "exact" if is_exact else "estimated",
        "source": charge.source,
        "currency": charge.currency,
        "cost_nanos": charge.cost_nanos,
        "billing_date": charge.billing_at,
        "duration": charge.duration_s,
        "description": describe(charge, is_exact),
        "metadata": metadata(charge, is_exact),
        "settled_at": booked.settled_at,
        "merged_into": None,
    }


def part_rows(charge: Charge) -> list[Values]:
    """The lines of a charge as rows of billing_parts, in order, without the id of the charge."""
    return [
        {
            "position": position,
            "record_type": part.record_type,
            "record_id": part.record_id,
            "cost_nanos": part.cost_nanos,
            "rate": part.rate,
            "billed_seconds": part.billed_seconds,
            "call_seconds": part.call_seconds,
            "source": part.source,
        }
        for position, part in enumerate(charge.parts)
    ]


def call_row(leg: Leg, cluster_id: int, account_currency: str) -> Values:
    """A leg as a row of telnyx_calls, without its times of writing. Its cost is that of its leading currency."""
    charge = leading_charge(leg.charges, account_currency)
    return {
        "cluster_id": cluster_id,
        "telnyx_call_id": leg.call_id,
        "telnyx_session_id": leg.session_id,
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.leg_id,
        "from_number": leg.from_number,
        "to_number": leg.to_number,
        "direction": leg.direction,
        "status": leg.call_status,
        "duration": leg.duration_s,
        "currency": charge.currency if charge else account_currency,
        "cost_nanos": charge.cost_nanos if charge else 0,
        "started_at": leg.started_at,
        "answered_at": leg.answered_at,
        "ended_at": leg.ended_at,
        "hangup_cause": leg.hangup_cause,
        "merged_into": None,
    }


def leading_charge(charges: tuple[Charge, ...], account_currency: str) -> Charge | None:
    """The charge in the account's currency, else the first."""
    return next(
        (charge for charge in charges if charge.currency == account_currency), next(iter(charges), None)
    )


def open_item_row(item: OpenItem, cluster_id: int, is_settled: bool) -> Values:
    """An open item as a row, without the time of its last change."""
    return {
        "cluster_id": cluster_id,
        "record_type": item.kind,
        "record_id": item.record_id,
        "session_id": item.session_id,
        "call_control_id": item.call_control_id,
        "leg_id": item.leg_id,
        "started_at": item.span.start_at,
        "ended_at": item.span.end_at,
        "open_at": item.open_at,
        "is_settled": is_settled,
        "missing": list(item.missing),
        "unclosed": list(item.unclosed),
        "unreadable": list(item.unreadable),
    }


def record_rows(
    loaded: LoadedCluster, derived: Derived, cluster_id: int, account_currency: str
) -> Iterator[Values]:
    """Each record of a cluster once, as rows of detail_records."""
    for record in loaded.facts.records:
        key = (record.record_type, record.record_id)
        home_kind, home_record_id = derived.homes[key]
        first_observed_at = loaded.first_observed_at[key]
        yield {
            "cluster_id": cluster_id,
            "record_type": record.record_type,
            "record_id": record.record_id,
            "record_time": record.record_time,
            "first_observed_at": first_observed_at,
            "currency": record.cost.currency if record.cost else account_currency,
            "cost_nanos": charged_nanos(record),
            "fault": record_fault(record, first_observed_at, loaded.content_count[key], account_currency),
            "is_unreadable": blocks(record),
            "home_kind": home_kind,
            "home_record_id": home_record_id,
        }
