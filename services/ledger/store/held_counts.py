"""How many detail records lie in some windows: what a count at Telnyx is held against."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection, func, select

from services.common.errors import InvalidInput
from services.ledger import tables

MAX_EDGES = 101


def count_held(connection: Connection, record_type: str, edges: Sequence[datetime]) -> list[int]:
    """How many records of a type have their own time in each window between two neighbouring edges.

    Raises InvalidInput for fewer than two edges, more than MAX_EDGES, or edges that do not ascend.
    """
    if not 2 <= len(edges) <= MAX_EDGES or any(one > other for one, other in pairwise(edges)):
        raise InvalidInput(f"windows need 2 to {MAX_EDGES} ascending edges", "edges")
    records = tables.detail_records
    return [
        connection.execute(
            select(func.count()).where(
                records.c.record_type == record_type,
                records.c.record_time >= from_at,
                records.c.record_time < to_at,
            )
        ).scalar_one()
        for from_at, to_at in pairwise(edges)
    ]
