"""Reading back the sweeps and usage reports that may close what clusters wait for (rule 3.n)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, select

from services.common.times import utc_day
from services.ledger import tables
from services.ledger.charges import OpenItem
from services.ledger.closing import MARGIN, PROOF_PERIOD
from services.ledger.facts import ProvenWindow, UsageReading


@dataclass(frozen=True, slots=True)
class Windows:
    """Sweeps that may close something, and what usage_reports said of days."""

    windows: tuple[ProvenWindow, ...]
    usage: tuple[UsageReading, ...]


_LAST_READ_AT = select(tables.sweeps.c.read_at).order_by(tables.sweeps.c.read_at.desc()).limit(1)


def windows_for(
    connection: Connection, waiting: Mapping[int, Sequence[OpenItem]], horizon: timedelta
) -> dict[int, Windows]:
    """For each cluster that waits for something the windows that could close it; no entry where there are none.

    Clusters of the same days are asked for together, so that a batch over many days brings no window twice over.
    """
    last_read_at = connection.execute(_LAST_READ_AT).scalar()
    if last_read_at is None:
        return {}
    ripe: dict[int, list[OpenItem]] = {}
    together: dict[date, list[int]] = defaultdict(list)
    for cluster_id, items in waiting.items():
        late_enough = [item for item in items if item.unclosed and item.span.end_at + horizon <= last_read_at]
        if late_enough:
            ripe[cluster_id] = late_enough
            together[utc_day(min(item.span.start_at for item in late_enough))].append(cluster_id)
    found: dict[int, Windows] = {}
    for cluster_ids in together.values():
        windows = _windows(connection, [item for of in cluster_ids for item in ripe[of]], horizon)
        if windows.windows:
            found |= dict.fromkeys(cluster_ids, windows)
    return found


def _windows(connection: Connection, items: Sequence[OpenItem], horizon: timedelta) -> Windows:
    """The complete windows that could close any of the items."""
    table = tables.sweeps
    first_end_at = min(item.span.end_at for item in items)
    query = select(table).where(
        table.c.held_count == table.c.total_results,
        table.c.record_type.in_({name for item in items for name in item.unclosed}),
        table.c.from_at <= max(item.span.start_at for item in items) - MARGIN,
        table.c.to_at >= first_end_at + MARGIN,
        table.c.read_at >= first_end_at + horizon,
    )
    rows = connection.execute(query).all()
    return Windows(
        windows=tuple(
            ProvenWindow(
                record_type=row.record_type,
                from_at=row.from_at,
                to_at=row.to_at,
                read_at=row.read_at,
                row_count=row.total_results,
                is_proven=row.is_proven,
            )
            for row in rows
        ),
        usage=_usage(connection, [row for row in rows if not row.is_proven]),
    )


def _usage(connection: Connection, doubtful: Sequence[Row[Any]]) -> tuple[UsageReading, ...]:
    """What usage_reports said of the types whose windows came back empty without proof."""
    if not doubtful:
        return ()
    table = tables.usage_days
    answer = (table.c.record_type, table.c.day, table.c.account_key, table.c.read_at)
    # One answer names several amounts where a day has several currencies: it is 0 only if all of them are.
    query = (
        select(*answer, func.max(func.abs(table.c.cost_nanos)).label("largest_nanos"))
        .where(
            table.c.record_type.in_({window.record_type for window in doubtful}),
            table.c.day.between(
                utc_day(min(window.from_at for window in doubtful)),
                utc_day(max(window.to_at for window in doubtful)),
            ),
        )
        .group_by(*answer)
    )
    rows = connection.execute(query).all()
    answers = {(row.account_key, row.read_at) for row in rows}
    spoken = {answer for answer in answers if _has_spoken(connection, *answer)}
    return tuple(
        UsageReading(
            record_type=row.record_type,
            day=row.day,
            account_key=row.account_key,
            read_at=row.read_at,
            is_zero=row.largest_nanos == 0,
            has_spoken=(row.account_key, row.read_at) in spoken,
        )
        for row in rows
    )


def _has_spoken(connection: Connection, account_key: str, read_at: datetime) -> bool:
    """The same API key has lately returned records: it is not some other, empty account that reports 0."""
    table = tables.sweeps
    query = select(table.c.id).where(
        table.c.account_key == account_key,
        table.c.total_results > 0,
        table.c.read_at.between(read_at - PROOF_PERIOD, read_at),
    )
    return connection.execute(query.limit(1)).first() is not None
