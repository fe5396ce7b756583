"""Whether charges and their entries agree, also those of charges that were merged away."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from services.ledger import tables
from services.ledger.entry_faults import entry_faults
from services.ledger.findings import Finding
from services.ledger.journal import Booked
from services.ledger.store.booked_state import BookedState

Told = Iterator[tuple[int, Finding]]
"""(cluster, what is wrong with something of it)"""


def charge_finding(subject: str, message: str) -> Finding:
    """A finding of the stage that looks at charges."""
    return Finding("charges", subject, message)


def journal_faults(connection: Connection, booked: BookedState) -> Told:
    entries = _entries(connection, [row.id for row in booked.charges.values()])
    for row in booked.charges.values():
        own = entries[row.id]
        for sentence in (
            *entry_faults(Booked(cost_nanos=row.cost_nanos, settled_at=row.settled_at), own),
            *_time_faults(row, own),
        ):
            yield row.cluster_id, charge_finding(f"{row.record_type} {row.record_id}", sentence)


def _time_faults(row: Any, entries: Sequence[Any]) -> Iterator[str]:
    """A charge is written in the transaction that appends its entries."""
    if entries and row.created_at != entries[0].posted_at:
        yield "it was not booked when its first entry was"
    settled = [entry.posted_at for entry in entries if entry.kind == "exact"]
    if row.settled_at is not None and settled and row.settled_at != settled[0]:
        yield "it was not settled when its entries say"


def _entries(connection: Connection, billing_ids: Iterable[int]) -> dict[int, list[Any]]:
    table = tables.billing_entries
    columns = (
        table.c.billing_id,
        table.c.kind,
        table.c.amount_nanos,
        table.c.cost_after_nanos,
        table.c.posted_at,
    )
    query = select(*columns).where(table.c.billing_id.in_(list(billing_ids))).order_by(table.c.id)
    found: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.billing_id].append(row)
    return found


def merge_faults(booked: BookedState) -> Told:
    """What was merged away costs nothing, and says where its money went: to something of its own cluster."""
    names: dict[int, set[str]] = defaultdict(lambda: {""})
    for row in booked.charges.values():
        names[row.cluster_id].add(row.record_id)
    for row in booked.calls.values():
        names[row.cluster_id].add(row.telnyx_call_id)
    for row in booked.charges.values():
        if row.merged_into is not None:
            subject = f"{row.record_type} {row.record_id}"
            if (
                row.cost_nanos
                or booked.lines[row.id]
                or (row.status == "exact") != (row.settled_at is not None)
            ):
                yield (
                    row.cluster_id,
                    charge_finding(subject, "it was merged away, and still has a cost or parts"),
                )
            if row.merged_into not in names[row.cluster_id]:
                yield row.cluster_id, charge_finding(subject, "where it was merged into is not known")
    for row in booked.calls.values():
        if row.merged_into is not None and (row.cost_nanos or row.merged_into not in names[row.cluster_id]):
            yield (
                row.cluster_id,
                charge_finding(f"leg {row.telnyx_call_id}", "it was merged away, and not to a known leg"),
            )
