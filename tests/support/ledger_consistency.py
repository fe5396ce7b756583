"""What must hold of every book after every write."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Connection, Table, select

from services.common.money import plain_decimal
from services.common.times import utc_day
from services.ledger import tables
from services.ledger.store.book import Book
from services.ledger.store.clusters import event_anchors, record_anchors
from services.ledger.store.derived_rows import leading_charge
from services.ledger.store.deriving import derive_clusters
from services.ledger.store.fact_codec import decode_event_fact, decode_record_fact
from services.ledger.store.loaded_facts import load_clusters

Rows = dict[str, list[Any]]
Sums = dict[Any, Counter[str]]

_CHARGE_SUMS = ("cost_nanos", "exact_nanos", "charge_count", "exact_count")


def assert_book_is_consistent(book: Book) -> None:
    """Every sum is the sum of what it sums, and every derived row is what derivation says now."""

    def read(connection: Connection) -> tuple[Rows, dict[int, Any]]:
        rows = {
            name: list(connection.execute(select(table))) for name, table in tables.metadata.tables.items()
        }
        loaded = load_clusters(connection, [row.id for row in rows["clusters"]])
        return rows, derive_clusters(connection, loaded, book.rules)

    rows, derived = book.database.read(read)
    _assert_journal(rows)
    assert_sums(rows)
    _assert_clusters(rows)
    _assert_charges(rows, derived)
    _assert_calls(rows, derived, book)
    _assert_open_items(rows, derived)
    _assert_records(rows, derived)
    assert all(row.is_applied for row in rows["sweeps"]), "a sweep was left unapplied"


def _assert_journal(rows: Rows) -> None:
    """For every charge: its entries add up to its cost, step by step."""
    entries = defaultdict(list)
    for row in sorted(rows["billing_entries"], key=lambda row: row.id):
        entries[row.billing_id].append(row)
    assert entries.keys() <= {row.id for row in rows["telnyx_billing"]}
    for charge in rows["telnyx_billing"]:
        cost = 0
        for entry in entries[charge.id]:
            cost += entry.amount_nanos
            assert entry.cost_after_nanos == cost, charge.record_id
        assert cost == charge.cost_nanos, charge.record_id
        assert entries[charge.id], f"{charge.record_id} was booked without an entry"
        assert (
            str(charge.cost).rstrip("0").rstrip(".") == plain_decimal(charge.cost_nanos) or charge.cost == 0
        )
        kinds = [entry.kind for entry in entries[charge.id]]
        assert kinds.count("exact") == (charge.settled_at is not None), kinds
        assert (charge.status == "exact") == (charge.settled_at is not None)


def assert_sums(rows: Rows) -> None:
    """The sums, over all slots, are those of the rows that they sum, and the parts of a day add up to the day."""
    of_numbers: Sums = defaultdict(Counter)
    of_parts: Sums = defaultdict(Counter)
    of_days: Sums = defaultdict(Counter)
    lines = defaultdict(list)
    for line in rows["billing_parts"]:
        lines[line.billing_id].append(line)
    for row in rows["telnyx_billing"]:
        if row.merged_into is None:
            day, kind = utc_day(row.billing_date), _kind(row)
            _add(of_numbers[(row.phone_number, kind, row.currency, day)], row, row.cost_nanos)
            _add(of_days[(day, kind, "", row.currency)], row, row.cost_nanos)
            for part, nanos in _parts(row, lines[row.id]).items():
                _add(of_parts[(row.phone_number, day, kind, part, row.currency)], row, nanos)
                _add(of_days[(day, kind, part, row.currency)], row, nanos)
    for table, wanted in (
        (tables.number_rollups, of_numbers),
        (tables.part_rollups, of_parts),
        (tables.day_rollups, of_days),
    ):
        kept = _summed(rows[table.name], table, _CHARGE_SUMS)
        assert kept == _without_zeros(wanted), table.name
    _assert_days_add_up(rows["day_rollups"])

    of_records: Sums = defaultdict(Counter)
    for row in rows["detail_records"]:
        day = utc_day(row.record_time or row.first_observed_at)
        of_records[(row.record_type, day, row.currency)].update(cost_nanos=row.cost_nanos, record_count=1)
    kept = _summed(rows["record_rollups"], tables.record_rollups, ("cost_nanos", "record_count"))
    assert kept == _without_zeros(of_records)


def _kind(row: Any) -> str:
    return (
        row.record_type if row.record_type == "other" else f"{row.record_type}_{row.direction or 'outbound'}"
    )


def _parts(row: Any, lines: list[Any]) -> Counter[str]:
    parts: Counter[str] = Counter()
    for line in lines:
        parts[line.record_type] += line.cost_nanos
    rest = row.cost_nanos - sum(parts.values())
    if rest:
        parts["estimate"] = rest
    return parts


def _add(sums: Counter[str], row: Any, nanos: int) -> None:
    sums.update(cost_nanos=nanos, charge_count=1)
    if row.settled_at is not None:
        sums.update(exact_nanos=nanos, exact_count=1)


def _assert_days_add_up(days: list[Any]) -> None:
    """What the parts of a day come to is what its charges come to, exactly and estimated."""
    wholes: Sums = defaultdict(Counter)
    parts: Sums = defaultdict(Counter)
    for row in days:
        of_day = (parts if row.part else wholes)[(row.day, row.record_type, row.currency)]
        of_day.update(cost_nanos=row.cost_nanos, exact_nanos=row.exact_nanos)
    assert _without_zeros(parts) == _without_zeros(wholes)


def _summed(rows: list[Any], table: Table, names: tuple[str, ...]) -> dict[Any, dict[str, int]]:
    keys = [column.name for column in table.primary_key if column.name != "slot"]
    sums: Sums = defaultdict(Counter)
    for row in rows:
        key = tuple(row._mapping[name] for name in keys)
        for name in names:
            sums[key][name] += row._mapping[name]
    return _without_zeros(sums)


def _without_zeros(sums: Sums) -> dict[Any, dict[str, int]]:
    kept = {key: {name: value for name, value in of.items() if value} for key, of in sums.items()}
    return {key: of for key, of in kept.items() if of}


def _assert_clusters(rows: Rows) -> None:
    """Every fact lies in the one cluster that its ids belong to, and no cluster is referred to that is gone."""
    cluster_of = {row.anchor: row.cluster_id for row in rows["anchors"]}
    there = {row.id for row in rows["clusters"]}
    assert set(cluster_of.values()) <= there
    for row in rows["events"]:
        anchors = event_anchors(decode_event_fact(row.fact, row.received_at, row.is_quarantined))
        assert {cluster_of[anchor] for anchor in anchors} <= {row.cluster_id}
    by_id = defaultdict(set)
    for row in rows["events"]:
        by_id[row.event_id].add(row.cluster_id)
    assert all(len(clusters) == 1 for clusters in by_id.values())
    for row in rows["record_observations"]:
        anchors = record_anchors(decode_record_fact(row.fact, row.first_observed_at))
        assert {cluster_of[anchor] for anchor in anchors} == {row.cluster_id}
    for name in ("telnyx_billing", "telnyx_calls", "open_items", "detail_records", "estimate_rates"):
        assert {row.cluster_id for row in rows[name]} <= there, name


def _assert_charges(rows: Rows, derived: dict[int, Any]) -> None:
    """Listed charges, with their parts, are the derived ones; what was merged away is 0 and has no parts."""
    charges = {
        charge.key: (cluster_id, charge.cost_nanos, charge.billing_at, charge.source, charge.phone_number)
        for cluster_id, found in derived.items()
        for charge in found.charges
    }
    listed = {row.id: row for row in rows["telnyx_billing"] if row.merged_into is None}
    assert charges == {
        (row.record_type, row.record_id, row.currency): (
            *(row.cluster_id, row.cost_nanos, row.billing_date, row.source, row.phone_number),
        )
        for row in listed.values()
    }
    assert all(row.cost_nanos == 0 for row in rows["telnyx_billing"] if row.merged_into is not None)
    parts: dict[Any, list[Any]] = defaultdict(list)
    for row in sorted(rows["billing_parts"], key=lambda row: row.position):
        charge = listed[row.billing_id]
        key = (charge.record_type, charge.record_id, charge.currency)
        parts[key].append((row.record_type, row.record_id, row.cost_nanos, row.rate, row.source))
    assert dict(parts) == {
        charge.key: [
            (part.record_type, part.record_id, part.cost_nanos, part.rate, part.source)
            for part in charge.parts
        ]
        for found in derived.values()
        for charge in found.charges
        if charge.parts
    }


def _assert_calls(rows: Rows, derived: dict[int, Any], book: Book) -> None:
    """telnyx_calls has each leg once, at the cost that telnyx_billing has in the leg's leading currency."""
    charges = {(row.record_type, row.record_id, row.currency): row for row in rows["telnyx_billing"]}
    legs = {leg.call_id: leg for found in derived.values() for leg in found.legs}
    calls = {row.telnyx_call_id: row for row in rows["telnyx_calls"] if row.merged_into is None}
    assert calls.keys() == legs.keys()
    for call_id, leg in legs.items():
        row = calls[call_id]
        leading = leading_charge(leg.charges, book.rules.account_currency)
        booked = charges[leading.key].cost_nanos if leading else 0
        assert (row.cost_nanos, row.telnyx_session_id) == (booked, leg.session_id)
        assert (row.status, row.answered_at, row.ended_at) == (leg.call_status, leg.answered_at, leg.ended_at)
    merged = {row.telnyx_call_id: row for row in rows["telnyx_calls"] if row.merged_into is not None}
    for row in merged.values():
        assert (row.cost_nanos, row.cost) == (0, 0)
        heirs = [row.merged_into]
        while heirs[-1] in merged and len(heirs) <= len(merged):
            heirs.append(merged[heirs[-1]].merged_into)
        assert heirs[-1] in legs or heirs[-1] == "", heirs
    for charge in rows["telnyx_billing"]:
        if charge.record_type == "call" and charge.merged_into is None:
            assert charge.record_id in calls


def _assert_open_items(rows: Rows, derived: dict[int, Any]) -> None:
    """The work list has what derivation leaves open, and knows what is settled all the same."""
    settled = {
        (row.record_type, row.record_id)
        for row in rows["telnyx_billing"]
        if row.settled_at is not None and row.merged_into is None
    }
    wanted = {
        (item.kind, item.record_id): (
            *(list(item.missing), list(item.unclosed), list(item.unreadable)),
            *(item.span.start_at, item.span.end_at, item.open_at),
            (item.kind, item.record_id) in settled,
        )
        for found in derived.values()
        for item in found.open_items
    }
    assert wanted == {
        (row.record_type, row.record_id): (
            *(row.missing, row.unclosed, row.unreadable),
            *(row.started_at, row.ended_at, row.open_at),
            row.is_settled,
        )
        for row in rows["open_items"]
    }


def _assert_records(rows: Rows, derived: dict[int, Any]) -> None:
    """Every record ends in exactly one charge, and that charge is there."""
    homes = {key: home for found in derived.values() for key, home in found.homes.items()}
    assert homes == {
        (row.record_type, row.record_id): (row.home_kind, row.home_record_id)
        for row in rows["detail_records"]
    }
    listed = {(row.record_type, row.record_id) for row in rows["telnyx_billing"] if row.merged_into is None}
    assert set(homes.values()) <= listed
    known = {(row.record_type, row.record_id) for row in rows["record_observations"]}
    assert homes.keys() == known
