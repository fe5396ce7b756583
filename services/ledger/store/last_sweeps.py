"""What was last read about a call."""

from typing import Any

from sqlalchemy import Connection, select

from services.ledger import tables
from services.ledger.charges import Leg


def last_sweeps(connection: Connection, leg: Leg) -> dict[str, Any]:
    """For each type that a leg misses the row of the latest sweep over the whole call; none where there was none."""
    table = tables.sweeps
    found = {}
    for name in leg.missing:
        query = select(table).where(
            table.c.record_type == name,
            table.c.read_at >= leg.started_at,
            table.c.from_at <= leg.started_at,
            table.c.to_at >= (leg.ended_at or leg.started_at),
        )
        row = connection.execute(query.order_by(table.c.read_at.desc(), table.c.id.desc()).limit(1)).first()
        if row is not None:
            found[name] = row
    return found
