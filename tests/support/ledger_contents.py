"""What a book says once everything is recorded, told twice: by its tables, and by the facts alone.

`book_contents` reads the tables. `expected_contents` knows no store: it derives all facts at once, as one cluster, and
adds up in plain Python. Both leave out what may depend on the order of arrival: `settled_at` with the status that
follows from it, the journal's steps, times of writing, and charges that were merged away.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from services.common.database import Database
from services.common.times import utc_day
from services.ledger import tables
from services.ledger.charges import Derived
from services.ledger.derive import derive
from services.ledger.facts import Facts, ProvenWindow, Rules, UsageReading
from services.ledger.parts import charged_nanos
from services.ledger.store.fact_codec import encode_event_fact, encode_record_fact
from services.ledger.store.recorded_sweeps import Sweep
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.ledger_books import Fact, Usage

PROOF = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything of a book that the facts alone decide."""

    charges: dict[Any, Any]
    parts: dict[Any, Any]
    calls: dict[Any, Any]
    open_items: dict[Any, Any]
    homes: dict[Any, Any]
    charge_sums: dict[Any, Any]
    record_sums: dict[Any, Any]
    sweeps: dict[Any, Any]


def book_contents(database: Database) -> Contents:
    """What the tables say."""
    rows = database.read(
        lambda connection: {
            name: connection.execute(select(table)).all() for name, table in tables.metadata.tables.items()
        }
    )
    listed = {row.id: row for row in rows["telnyx_billing"] if row.merged_into is None}
    parts: Counter[Any] = Counter()
    for row in rows["billing_parts"]:
        charge = listed[row.billing_id]
        line = (row.record_type, row.record_id, row.cost_nanos, row.rate, row.billed_seconds, row.source)
        parts[(charge.record_type, charge.record_id, charge.currency, *line)] += 1
    return Contents(
        charges={
            (row.record_type, row.record_id, row.currency): (
                row.cost_nanos,
                row.phone_number,
                row.contact,
                row.direction,
                row.source,
                row.billing_date,
                row.duration,
            )
            for row in listed.values()
        },
        parts=dict(parts),
        calls={
            row.telnyx_call_id: (
                row.telnyx_session_id,
                row.status,
                row.duration,
                row.cost_nanos,
                row.started_at,
                row.answered_at,
                row.ended_at,
            )
            for row in rows["telnyx_calls"]
            if row.merged_into is None
        },
        open_items={
            (row.record_type, row.record_id): (
                row.session_id,
                row.started_at,
                row.ended_at,
                row.open_at,
                tuple(row.missing),
                tuple(row.unclosed),
                tuple(row.unreadable),
            )
            for row in rows["open_items"]
        },
        homes={
            (row.record_type, row.record_id): (row.home_kind, row.home_record_id, row.cost_nanos)
            for row in rows["detail_records"]
        },
        charge_sums=_sums(
            ((row.day, row.phone_number, row.record_type, row.currency), row.cost_nanos, row.charge_count)
            for row in rows["number_rollups"]
        ),
        record_sums=_sums(
            ((row.record_type, row.day, row.currency), row.cost_nanos, row.record_count)
            for row in rows["record_rollups"]
        ),
        sweeps={
            (row.record_type, row.query_form, row.from_at, row.to_at, row.read_at, row.total_results): (
                row.held_count,
                row.is_proven,
                row.is_applied,
            )
            for row in rows["sweeps"]
        },
    )


def expected_contents(facts: Sequence[Fact], rules: Rules) -> Contents:
    """What follows from the facts."""
    told = _told([fact for fact in facts if isinstance(fact, WebhookEvent)])
    seen = _Seen([fact for fact in facts if isinstance(fact, DetailRecord)])
    sweeps = {fact for fact in facts if isinstance(fact, Sweep)}
    usage = {fact for fact in facts if isinstance(fact, Usage)}
    weights = {sweep: _weight(sweep, seen, sweeps) for sweep in sweeps}
    derived = derive(
        Facts(
            events=tuple(told),
            records=tuple(seen.records),
            windows=tuple(
                _window(s, proven) for s, (held, proven) in weights.items() if held == s.total_results
            ),
            usage=tuple(_readings(usage, sweeps)),
        ),
        rules,
    )
    charge_rows = [
        (
            (
                utc_day(charge.billing_at),
                charge.phone_number,
                charge.kind if charge.kind == "other" else f"{charge.kind}_{charge.direction or 'outbound'}",
                charge.currency,
            ),
            charge.cost_nanos,
            1,
        )
        for charge in derived.charges
    ]
    return Contents(
        charges=_expected_charges(derived),
        parts=dict(
            Counter(
                (
                    *(charge.kind, charge.record_id, charge.currency),
                    *(
                        line.record_type,
                        line.record_id,
                        line.cost_nanos,
                        line.rate,
                        line.billed_seconds,
                        line.source,
                    ),
                )
                for charge in derived.charges
                for line in charge.parts
            )
        ),
        calls=_expected_calls(derived, rules),
        open_items={
            (item.kind, item.record_id): (
                item.session_id,
                item.span.start_at,
                item.span.end_at,
                item.open_at,
                item.missing,
                item.unclosed,
                item.unreadable,
            )
            for item in derived.open_items
        },
        homes={
            (record.record_type, record.record_id): (
                *derived.homes[(record.record_type, record.record_id)],
                charged_nanos(record),
            )
            for record in seen.records
        },
        charge_sums=_sums(charge_rows),
        record_sums=_sums((seen.day_key(record, rules), charged_nanos(record), 1) for record in seen.records),
        sweeps={
            (s.record_type, s.query_form, s.from_at, s.to_at, s.read_at, s.total_results): (
                held,
                proven,
                True,
            )
            for s, (held, proven) in weights.items()
        },
    )


def _expected_charges(derived: Derived) -> dict[Any, Any]:
    return {
        charge.key: (
            charge.cost_nanos,
            charge.phone_number,
            charge.contact,
            charge.direction,
            charge.source,
            charge.billing_at,
            charge.duration_s,
        )
        for charge in derived.charges
    }


def _expected_calls(derived: Derived, rules: Rules) -> dict[Any, Any]:
    calls = {}
    for leg in derived.legs:
        in_order = sorted(leg.charges, key=lambda charge: charge.currency != rules.account_currency)
        calls[leg.call_id] = (
            leg.session_id,
            leg.call_status,
            leg.duration_s,
            in_order[0].cost_nanos if in_order else 0,
            leg.started_at,
            leg.answered_at,
            leg.ended_at,
        )
    return calls


def _told(events: Iterable[WebhookEvent]) -> list[WebhookEvent]:
    """Each content of each event once: quarantined if always so, received when it was first."""
    contents: dict[Any, list[WebhookEvent]] = {}
    for event in events:
        contents.setdefault((event.event_id, encode_event_fact(event)[1]), []).append(event)
    return [
        replace(
            deliveries[0],
            quarantined=all(event.quarantined for event in deliveries),
            received_at=min(event.received_at for event in deliveries),
        )
        for deliveries in contents.values()
    ]


class _Seen:
    """The records as they were seen, each by the observation that counts."""

    def __init__(self, observations: Iterable[DetailRecord]) -> None:
        by_record: dict[Any, dict[bytes, list[DetailRecord]]] = {}
        for seen in observations:
            of_record = by_record.setdefault((seen.record_type, seen.record_id), {})
            of_record.setdefault(encode_record_fact(seen)[1], []).append(seen)
        self.first_observed_at = {
            key: min(seen.observed_at for content in contents.values() for seen in content)
            for key, contents in by_record.items()
        }
        self.records = [
            min(
                max(contents.items(), key=lambda item: (max(seen.observed_at for seen in item[1]), item[0]))[
                    1
                ],
                key=lambda seen: seen.observed_at,
            )
            for contents in by_record.values()
        ]

    def held(self, sweep: Sweep) -> int:
        return sum(
            record.record_type == sweep.record_type
            and record.record_time is not None
            and sweep.from_at <= record.record_time < sweep.to_at
            and self.first_observed_at[(record.record_type, record.record_id)] <= sweep.read_at
            for record in self.records
        )

    def day_key(self, record: DetailRecord, rules: Rules) -> tuple[str, date, str]:
        moment = record.record_time or self.first_observed_at[(record.record_type, record.record_id)]
        return (
            record.record_type,
            utc_day(moment),
            record.cost.currency if record.cost else rules.account_currency,
        )


def _weight(sweep: Sweep, seen: _Seen, sweeps: Iterable[Sweep]) -> tuple[int, bool]:
    has_spoken = any(
        other.query_form == sweep.query_form
        and other.total_results > 0
        and sweep.read_at - PROOF <= other.read_at <= sweep.read_at
        for other in sweeps
    )
    return seen.held(sweep), sweep.total_results > 0 or has_spoken


def _window(sweep: Sweep, is_proven: bool) -> ProvenWindow:
    return ProvenWindow(
        record_type=sweep.record_type,
        from_at=sweep.from_at,
        to_at=sweep.to_at,
        read_at=sweep.read_at,
        row_count=sweep.total_results,
        is_proven=is_proven,
    )


def _readings(usage: Iterable[Usage], sweeps: Iterable[Sweep]) -> Iterable[UsageReading]:
    """Of each answer about each day: whether all that it said is 0."""
    said: dict[Any, set[int]] = {}
    for report in usage:
        for day in report.days:
            key = (report.record_type, day.day, report.account_key, report.read_at)
            said.setdefault(key, set()).add(day.cost.nanos)
    for (record_type, day, account_key, read_at), amounts in said.items():
        has_spoken = any(
            sweep.account_key == account_key
            and sweep.total_results > 0
            and read_at - PROOF <= sweep.read_at <= read_at
            for sweep in sweeps
        )
        yield UsageReading(
            record_type=record_type,
            day=day,
            account_key=account_key,
            read_at=read_at,
            is_zero=amounts == {0},
            has_spoken=has_spoken,
        )


def _sums(rows: Iterable[tuple[Any, int, int]]) -> dict[Any, Any]:
    """Sums and counts by key; a key whose count and sum are 0 is as good as absent."""
    nanos: Counter[Any] = Counter()
    count: Counter[Any] = Counter()
    for key, amount, number in rows:
        nanos[key] += amount
        count[key] += number
    return {key: (nanos[key], count[key]) for key in count if nanos[key] or count[key]}


def differences(found: Contents, wanted: Contents) -> list[str]:
    """One line for each key on which two books differ; none when they say the same."""
    lines = []
    for field in fields(Contents):
        has, wants = getattr(found, field.name), getattr(wanted, field.name)
        lines += [
            f"{field.name} {key}: {has.get(key)} instead of {wants.get(key)}"
            for key in [*has, *(wants.keys() - has.keys())]
            if has.get(key) != wants.get(key)
        ]
    return lines
