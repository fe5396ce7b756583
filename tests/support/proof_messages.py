"""What the services behind the edge answer about the proof: audits, witnesses, balances and statements."""

from datetime import date, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration

from services.common.wire import to_date, to_timestamp
from tests.support.book_messages import NOON, coin, usd
from tollbook.ledger.v1 import balance_pb2
from tollbook.reconciler.v1 import audit_pb2

DAY = date(2026, 11, 20)
READ_AT = datetime(2026, 11, 22, 3, 10, tzinfo=NOON.tzinfo)


def audit_line(**changes: Any) -> audit_pb2.AuditLine:
    """One day of sip-trunking that is equal: 4.5 cents of 3 records."""
    values = {
        "day": to_date(DAY),
        "record_type": "sip-trunking",
        "product": "sip-trunking",
        "verdict": audit_pb2.AUDIT_VERDICT_EQUAL,
        "book_cost": usd(45_000_000),
        "reported_cost": usd(45_000_000),
        "reported_decimals": 4,
        "reported_time": to_timestamp(READ_AT),
        "difference": usd(0),
        "record_count": 3,
    }
    return audit_pb2.AuditLine(**{**values, **changes})


def different_line(**changes: Any) -> audit_pb2.AuditLine:
    """The same day of call-control, of which the book has 1.5 cents too little, for two causes."""
    values = {
        "record_type": "call-control",
        "product": "call-control",
        "verdict": audit_pb2.AUDIT_VERDICT_DIFFERENT,
        "book_cost": usd(6_000_000),
        "reported_cost": usd(21_000_000),
        "difference": usd(-15_000_000),
        "reason": "The book has 0.015 USD less than usage_reports.",
        "causes": [
            audit_pb2.AuditCause(
                record_id="cc-1",
                kind="call",
                charge_record_id="v3:abc",
                amount=usd(15_000_000),
                message="This record's amount cannot be read, and counts 0.",
            ),
            audit_pb2.AuditCause(record_id="cc-2", message="This record ends in no charge."),
        ],
    }
    return audit_line(**{**values, **changes})


def bare_line(**changes: Any) -> audit_pb2.AuditLine:
    """A day that usage_reports have not spoken of."""
    line = audit_line(
        verdict=audit_pb2.AUDIT_VERDICT_OPEN, reason="usage_reports have not spoken of this day yet."
    )
    for field in ("reported_cost", "reported_decimals", "reported_time", "difference"):
        line.ClearField(field)
    line.MergeFrom(audit_pb2.AuditLine(**changes))
    return line


def audit_totals(currency: str = "USD", **changes: Any) -> audit_pb2.AuditTotals:
    """Sums that fit audit_line and different_line together."""
    values = {
        "currency": currency,
        "book_cost": coin(currency, 51_000_000),
        "reported_cost": coin(currency, 66_000_000),
        "difference": coin(currency, -15_000_000),
        "equal_count": 1,
        "different_count": 1,
    }
    return audit_pb2.AuditTotals(**{**values, **changes})


def audit(*lines: audit_pb2.AuditLine, **changes: Any) -> audit_pb2.AuditResponse:
    """An audit of these lines, or of one that is equal and one that is different."""
    values = {"lines": lines or [different_line(), audit_line()], "totals": [audit_totals()]}
    return audit_pb2.AuditResponse(**{**values, **changes})


def snapshot(nanos: int, read_at: datetime, currency: str = "USD") -> balance_pb2.BalanceSnapshot:
    """A balance with 5 of credit besides."""
    return balance_pb2.BalanceSnapshot(
        balance=coin(currency, nanos),
        pending=coin(currency, 0),
        credit_limit=coin(currency, 5_000_000_000),
        available_credit=coin(currency, nanos + 5_000_000_000),
        read_time=to_timestamp(read_at),
    )


def burn_rate() -> balance_pb2.BurnRate:
    """Used up at 2.50 a day for 4 days of the 7 that are told of."""
    return balance_pb2.BurnRate(
        per_day=usd(2_500_000_000),
        observed=Duration(seconds=7 * 86_400),
        time_left=Duration(seconds=4 * 86_400 + 8_640),
    )


def history(*nanos: int, **changes: Any) -> balance_pb2.ListBalancesResponse:
    """Balances an hour apart, the last at noon, with how fast they are used up."""
    first_at = NOON - timedelta(hours=len(nanos) - 1)
    values = {
        "snapshots": [
            snapshot(amount, first_at + timedelta(hours=place)) for place, amount in enumerate(nanos)
        ],
        "burn_rate": burn_rate(),
    }
    return balance_pb2.ListBalancesResponse(**{**values, **changes})


def trend(nanos: int, before_nanos: int | None = None, **changes: Any) -> balance_pb2.GetBalanceTrendResponse:
    """A balance of 12 seconds ago, what it was in the period before if it was read then, and how fast it is used up."""
    values = {
        "latest": snapshot(nanos, NOON - timedelta(seconds=12)),
        "before": None if before_nanos is None else snapshot(before_nanos, NOON - timedelta(days=30)),
        "burn_rate": burn_rate(),
    }
    return balance_pb2.GetBalanceTrendResponse(**{**values, **changes})


def statement_line(kind: balance_pb2.StatementLineKind.ValueType, nanos: int, **changes: Any) -> Any:
    """One line in dollars."""
    return balance_pb2.StatementLine(**{"kind": kind, "amount": usd(nanos), **changes})


def statement(**changes: Any) -> balance_pb2.GetStatementResponse:
    """From 10 to 25.6125 in a day: a top-up, usage of two types, a monthly charge, and a rest of 0.0125."""
    values = {
        "opening": snapshot(10_000_000_000, NOON - timedelta(days=1)),
        "lines": [
            statement_line(
                balance_pb2.STATEMENT_LINE_KIND_TOP_UP,
                20_000_000_000,
                time=to_timestamp(NOON - timedelta(hours=3)),
                is_inferred=True,
            ),
            statement_line(balance_pb2.STATEMENT_LINE_KIND_USAGE, -3_150_000_000, record_type="sip-trunking"),
            statement_line(balance_pb2.STATEMENT_LINE_KIND_USAGE, -250_000_000, record_type="call-control"),
            statement_line(balance_pb2.STATEMENT_LINE_KIND_MONTHLY, -1_000_000_000),
            statement_line(balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED, 12_500_000, is_inferred=True),
        ],
        "closing": snapshot(25_612_500_000, NOON),
        "notes": ["charges_summary has not spoken of 2026-11-22 yet."],
    }
    return balance_pb2.GetStatementResponse(**{**values, **changes})


def witnesses(**changes: Any) -> audit_pb2.CompareWitnessesResponse:
    """Records and call.cost that do not agree about sip-trunking; session analysis was not asked."""
    values = {
        "witnesses": [
            audit_pb2.Witness(
                name=audit_pb2.WITNESS_NAME_DETAIL_RECORDS,
                has_spoken=True,
                costs=[usd(23_000_000), coin("EUR", 5)],
                parts=[
                    audit_pb2.WitnessPart(record_type="sip-trunking", cost=usd(15_000_000)),
                    audit_pb2.WitnessPart(record_type="amd", cost=coin("EUR", 5)),
                ],
                message="3 detail records.",
            ),
            audit_pb2.Witness(
                name=audit_pb2.WITNESS_NAME_CALL_COST,
                has_spoken=True,
                costs=[usd(10_000_000)],
                parts=[audit_pb2.WitnessPart(record_type="sip-trunking", cost=usd(10_000_000))],
                message="Webhooks of 1 leg.",
            ),
            audit_pb2.Witness(name=audit_pb2.WITNESS_NAME_SESSION_ANALYSIS, message="Telnyx was not asked."),
        ],
        "differences": ["sip-trunking: the records say 0.015 USD, call.cost says 0.01 USD."],
    }
    return audit_pb2.CompareWitnessesResponse(**{**values, **changes})
