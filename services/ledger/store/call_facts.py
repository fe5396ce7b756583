"""Reading the facts behind a call or a charge as they were received."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from services.common.money import Money
from services.ledger import tables
from services.ledger.belonging import Place, Places
from services.ledger.charges import Derived
from services.ledger.facts import Rules
from services.ledger.legs import Fact
from services.ledger.store.call_views import find_leg
from services.ledger.store.fact_codec import decode_event_fact, decode_record_fact
from services.ledger.store.loaded_facts import LoadedCluster

MAX_FACTS = 1_000
"""Of each kind in one answer."""

MAX_RAW_BYTES = 2 * 1024 * 1024
"""All raw texts of each kind in one answer: even where each byte becomes three, both fit one gRPC message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """A row of events, the leg that it tells of, and its body as far as it is kept."""

    row: Any
    call_id: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """A row of record_observations, whether it is the one that counts, and the leg whose charge its record ends in."""

    row: Any
    counts: bool
    call_id: str
    cost: Money | None
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsView:
    """Facts, oldest first. `is_truncated`: there are more, or raw texts were left out to keep the answer bounded."""

    events: tuple[EventView, ...]
    records: tuple[RecordView, ...]
    is_truncated: bool


Wanted = Callable[[Fact, Place], bool]


def list_call_facts(connection: Connection, call_id: str, rules: Rules) -> FactsView:
    """The facts of a call's session; of the leg alone if it has no session. Raises NotFound."""
    found = find_leg(connection, call_id, rules)

    def is_wanted(_: Fact, place: Place) -> bool:
        if found.leg.session_id:
            return place.session_id == found.leg.session_id
        return place.call_id == found.leg.call_id

    return read_facts(connection, found.cluster_id, found.loaded, found.derived, is_wanted)


def read_facts(
    connection: Connection, cluster_id: int, loaded: LoadedCluster, derived: Derived, is_wanted: Wanted
) -> FactsView:
    """Those facts of a cluster that are wanted, by what they say and where they belong."""
    places = Places(loaded.facts, derived)
    events = _events(connection, cluster_id, places, is_wanted)
    records = _records(connection, cluster_id, places, is_wanted)
    event_texts = _raw_texts(connection, tables.events, [row for row, _ in events])
    record_texts = _raw_texts(connection, tables.observations, [row for row, *_ in records])
    is_complete = _are_all(events, event_texts) and _are_all(records, record_texts)
    return FactsView(
        events=tuple(
            EventView(row=row, call_id=call_id, raw=event_texts.get(row.id, b""))
            for row, call_id in events[:MAX_FACTS]
        ),
        records=tuple(
            RecordView(row=row, counts=counts, call_id=call_id, cost=cost, raw=record_texts.get(row.id, b""))
            for row, counts, call_id, cost in records[:MAX_FACTS]
        ),
        is_truncated=not is_complete,
    )


def _events(
    connection: Connection, cluster_id: int, places: Places, is_wanted: Wanted
) -> list[tuple[Any, str]]:
    table = tables.events
    query = select(*_all_but_raw(table)).where(table.c.cluster_id == cluster_id)
    found = []
    for row in connection.execute(query.order_by(table.c.occurred_at, table.c.event_id, table.c.id)):
        event = decode_event_fact(row.fact, row.received_at, row.is_quarantined)
        place = places.of_event(event)
        if is_wanted(event, place):
            found.append((row, place.call_id))
    return found


def _records(
    connection: Connection, cluster_id: int, places: Places, is_wanted: Wanted
) -> list[tuple[Any, bool, str, Money | None]]:
    table = tables.observations
    order = (table.c.first_observed_at, table.c.record_type, table.c.record_id, table.c.id)
    query = select(*_all_but_raw(table)).where(table.c.cluster_id == cluster_id).order_by(*order)
    rows = connection.execute(query).all()
    latest: dict[tuple[str, str], Any] = {}
    for row in rows:
        held = latest.get((row.record_type, row.record_id))
        if held is None or (row.last_observed_at, row.digest) > (held.last_observed_at, held.digest):
            latest[(row.record_type, row.record_id)] = row
    found = []
    for row in rows:
        record = decode_record_fact(row.fact, row.first_observed_at)
        place = places.of_record(record)
        if is_wanted(record, place):
            counts = latest[(row.record_type, row.record_id)] is row
            found.append((row, counts, place.call_id, record.cost))
    return found


def _all_but_raw(table: Table) -> list[Any]:
    """The columns of a table of facts, with the length of the raw text in its place."""
    columns = [column for column in table.columns if column.name != "raw"]
    return [*columns, func.coalesce(func.length(table.c.raw), 0).label("raw_length")]


def _raw_texts(connection: Connection, table: Table, rows: Sequence[Any]) -> dict[int, bytes]:
    """The raw texts of the first rows, by id: as many as fit."""
    ids, length = [], 0
    for row in rows[:MAX_FACTS]:
        if length + row.raw_length > MAX_RAW_BYTES:
            break
        length += row.raw_length
        ids.append(row.id)
    query = select(table.c.id, table.c.raw).where(table.c.id.in_(ids))
    return {row.id: bytes(row.raw or b"") for row in connection.execute(query)}


def _are_all(found: Iterable[tuple[Any, ...]], texts: dict[int, bytes]) -> bool:
    return all(row.id in texts for row, *_ in found)
