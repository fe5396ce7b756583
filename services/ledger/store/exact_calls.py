"""The calls from which rates are learned."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from services.common.times import start_of_day, utc_day
from services.ledger import tables
from services.ledger.learned_rates import ExactCall

DAYS = 90
_CALLS_PER_DAY = 600
"""Of a busy day only the latest: so that every day of the period has its say, and reading stays bounded."""


def exact_calls(connection: Connection, now: datetime, currency: str) -> list[ExactCall]:
    """Settled calls of the last 90 days that were estimated once, the newest first; of each day at most 600."""
    today = utc_day(now)
    calls: list[ExactCall] = []
    for age in range(DAYS + 1):
        calls += _of_day(connection, today - timedelta(days=age), currency)
    return calls


def _of_day(connection: Connection, day: date, currency: str) -> list[ExactCall]:
    charges, legs = tables.billing, tables.calls
    latest = (
        select(
            charges.c.id,
            charges.c.billing_date,
            charges.c.record_id,
            charges.c.direction,
            charges.c.contact,
            charges.c.duration,
            charges.c.cost_nanos,
            charges.c.currency,
        )
        .where(
            charges.c.billing_date >= start_of_day(day),
            charges.c.billing_date < start_of_day(day) + timedelta(days=1),
            charges.c.record_type == "call",
            charges.c.status == "exact",
            charges.c.merged_into.is_(None),
            charges.c.duration > 0,
        )
        .order_by(charges.c.billing_date.desc(), charges.c.id.desc())
        .limit(_CALLS_PER_DAY)
        # By time and nothing else: an index by type would be read through to the end.
        .with_hint(charges, "INDEXED BY ix_telnyx_billing_date", "sqlite")
        .subquery()
    )
    query = (
        select(latest.c.direction, latest.c.contact, latest.c.duration, latest.c.cost_nanos)
        .join(legs, legs.c.telnyx_call_id == latest.c.record_id)
        # A leg that no webhook announced was never estimated, and costs something else.
        .where(latest.c.currency == currency, legs.c.hangup_cause != "")
        .order_by(latest.c.billing_date.desc(), latest.c.id.desc())
    )
    return [
        ExactCall(
            direction=direction,
            other_party=contact,
            talk_time=timedelta(seconds=duration_s),
            cost_nanos=cost_nanos,
        )
        for direction, contact, duration_s, cost_nanos in connection.execute(query)
    ]
