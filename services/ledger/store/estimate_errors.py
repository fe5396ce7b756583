"""How good estimates were: calls that lately settled, with their first estimate."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from services.ledger import tables
from services.ledger.estimate_error import EstimateError, JudgedCall, at_other_rate, estimate_error
from services.ledger.facts import Rules
from services.ledger.learned_rates import SOURCE as LEARNED

PERIOD = timedelta(days=30)
_MAX_CALLS = 100_000
"""Of more calls in that time the latest are judged."""

_FALLBACK = "fallback"


def recent_estimate_error(connection: Connection, now: datetime, rules: Rules) -> EstimateError:
    """Over the calls of the account's currency that settled in the last 30 days and were estimated before.

    Calls that were estimated at 0 and cost 0, because nobody answered them, are left out: they would flatter.
    """
    charges, entries, rates = tables.billing, tables.billing_entries, tables.estimate_rates
    settled = (
        select(charges.c.id, charges.c.record_id, charges.c.cost_nanos)
        .where(
            charges.c.record_type == "call",
            charges.c.settled_at >= now - PERIOD,
            charges.c.currency == rules.account_currency,
            charges.c.merged_into.is_(None),
        )
        .order_by(charges.c.settled_at.desc())
        .limit(_MAX_CALLS)
        .subquery("settled")
    )
    first = (
        select(func.min(entries.c.id))
        .where(entries.c.billing_id == settled.c.id)
        .correlate(settled)
        .scalar_subquery()
    )
    query = (
        select(settled.c.cost_nanos, entries.c.amount_nanos, rates.c.nanos_per_minute)
        .select_from(settled)
        .join(entries, and_(entries.c.id == first, entries.c.kind == "estimate"))
        .join(rates, rates.c.call_id == settled.c.record_id)
        .where(
            entries.c.source.in_((_FALLBACK, LEARNED)),
            or_(entries.c.amount_nanos != 0, settled.c.cost_nanos != 0),
        )
    )
    flat = rules.fallback_nanos_per_minute
    return estimate_error(
        [
            JudgedCall(
                estimate_nanos=row.amount_nanos,
                cost_nanos=row.cost_nanos,
                flat_nanos=at_other_rate(row.amount_nanos, row.nanos_per_minute, flat),
            )
            for row in connection.execute(query)
        ]
    )
