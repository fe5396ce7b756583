"""What the services behind the edge answer: charges, sums and legs with every field set, to be changed by a test."""

from datetime import UTC, datetime
from typing import Any

from google.type.money_pb2 import Money as MoneyMessage

from services.common.money import Money
from services.common.wire import to_money, to_timestamp
from tollbook.ledger.v1 import book_pb2, ledger_pb2

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def usd(nanos: int) -> MoneyMessage:
    """Nano-dollars."""
    return coin("USD", nanos)


def coin(currency: str, nanos: int) -> MoneyMessage:
    """Nanos of any currency."""
    message = to_money(Money(currency, nanos))
    assert message is not None
    return message


def charge(number: int, **changes: Any) -> book_pb2.Charge:
    """An exact call to +12025550131 for 1.5 cents, with an id of its own."""
    values = {
        "id": f"charge-{number}",
        "kind": book_pb2.RECORD_KIND_CALL,
        "record_id": f"v3:{number}",
        "phone_number": "+12025550100",
        "contact": "+12025550131",
        "direction": "outbound",
        "time": to_timestamp(NOON),
        "duration_seconds": 60,
        "cost": usd(15_000_000),
        "status": book_pb2.CHARGE_STATUS_EXACT,
        "source": "detail_records_api",
        "description": "Call to +12025550131 (60s)",
    }
    return book_pb2.Charge(**{**values, **changes})


def totals(currency: str = "USD", nanos: int = 1) -> ledger_pb2.Totals:
    """Sums that are all different: ten times `nanos` in all."""
    return ledger_pb2.Totals(
        currency=currency,
        total_cost=coin(currency, 10 * nanos),
        call_cost=coin(currency, 7 * nanos),
        sms_cost=coin(currency, 2 * nanos),
        other_cost=coin(currency, nanos),
        estimated_cost=coin(currency, 4 * nanos),
        exact_cost=coin(currency, 6 * nanos),
        count=12,
        exact_count=8,
    )


def leg(**changes: Any) -> book_pb2.CallLeg:
    """A settled leg with two parts, one of them in another currency, and a reversed estimate."""
    values = {
        "telnyx_call_id": "v3:abc",
        "call_control_id": "v3:abc",
        "leg_id": "leg-1",
        "session_id": "session-1",
        "from_number": "+12025550100",
        "to_number": "+12025550131",
        "direction": "outbound",
        "start_time": to_timestamp(NOON),
        "answer_time": to_timestamp(NOON),
        "end_time": to_timestamp(NOON),
        "hangup_cause": "normal_clearing",
        "call_status": "completed",
        "costs": [usd(20_000_000)],
        "status": book_pb2.CHARGE_STATUS_EXACT,
        "estimate": usd(45_000_000),
        "estimate_rate": usd(14_100_000),
        "estimate_source": "learned",
        "parts": [
            book_pb2.Part(
                record_type="sip-trunking",
                record_id="r1",
                cost=usd(15_000_000),
                rate="7.0E-7",
                billed_seconds=180,
                call_seconds=0,
                source="detail_records_api",
            ),
            book_pb2.Part(record_type="amd", cost=coin("EUR", 5), rate="a lot", source="call_cost_webhook"),
        ],
        "missing": ["recording"],
        "unreadable": ["tts r9: cost: missing"],
        "history": [
            book_pb2.Entry(
                posted_time=to_timestamp(NOON),
                kind=book_pb2.ENTRY_KIND_REVERSAL,
                amount=usd(-45_000_000),
                cost_after=usd(0),
                source="fallback",
            ),
            book_pb2.Entry(
                posted_time=to_timestamp(NOON),
                kind=book_pb2.ENTRY_KIND_EXACT,
                amount=usd(20_000_000),
                cost_after=usd(20_000_000),
                source="mixed",
            ),
        ],
    }
    return book_pb2.CallLeg(**{**values, **changes})
