"""One detail record, and the store of all of them: who can be seen when, and with which amount."""

import random
from bisect import insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from tests.sandbox.amounts import record_text
from tests.sandbox.record_types import RecordType, record_type

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DetailRecord:
    """`fields` is what the API shows; `charge` what the record adds to the true bill (0 if it is not billable).

    `at` is the value of the type's time field. `leg_key` is the call_leg_id of the leg that the record's ids name, or
    None where it names no leg.
    """

    type: RecordType
    record_id: str
    at: datetime
    fields: Fields
    charge: Decimal
    session_id: str | None = None
    leg_key: str | None = None

    def with_amount(self, amount: Decimal, rng: random.Random) -> "DetailRecord":
        """The same record with another amount, as it looks before or after a correction."""
        shown: object = amount if self.type.name == "wireless" else record_text(amount, rng)
        billable = self.fields.get("is_telnyx_billable", True)
        fields = {**self.fields, self.type.amount_field: shown}
        return replace(self, fields=fields, charge=amount if billable else Decimal(0))


@dataclass(slots=True)
class _History:
    """The versions of one record, each from the moment on when it can be seen."""

    versions: list[tuple[datetime, DetailRecord]]

    def at(self, now: datetime) -> DetailRecord | None:
        seen = [version for since, version in self.versions if since <= now]
        return seen[-1] if seen else None

    @property
    def final(self) -> DetailRecord:
        return self.versions[-1][1]

    @property
    def settled_at(self) -> datetime:
        return self.versions[-1][0]


@dataclass(slots=True)
class RecordStore:
    """All records of one account."""

    _by_key: dict[tuple[str, str], _History] = field(default_factory=dict)
    _by_type: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    _vanished: set[tuple[str, str]] = field(default_factory=set)

    def add(self, versions: Sequence[tuple[datetime, DetailRecord]]) -> None:
        """Keep a record, as its versions in order, each with the moment from which it is seen."""
        record = versions[-1][1]
        self._by_key[record.type.name, record.record_id] = _History(list(versions))
        insort(self._by_type.setdefault(record.type.name, []), (record.at, record.record_id))

    def visible(self, type_name: str, now: datetime) -> Iterator[DetailRecord]:
        """What can be seen of one type now, newest first by its time field."""
        for _, record_id in reversed(self._by_type.get(type_name, [])):
            record = self._by_key[type_name, record_id].at(now)
            if record is not None:
                yield record

    def listed(self, type_name: str, now: datetime) -> Iterator[DetailRecord]:
        """What detail_records show of it: without the records that have vanished."""
        return (
            record
            for record in self.visible(type_name, now)
            if (type_name, record.record_id) not in self._vanished
        )

    def vanish(self, type_name: str, record_id: str, *, everywhere: bool) -> None:
        """Let the API forget a record; with `everywhere` usage, reports and balance too. Raises KeyError."""
        key = (record_type(type_name).name, record_id)
        history = self._by_key[key]
        self._vanished.add(key)
        if everywhere:
            del self._by_key[key]
            self._by_type[key[0]].remove((history.final.at, record_id))

    def all_visible(self, now: datetime) -> Iterator[DetailRecord]:
        return (record for name in self._by_type for record in self.visible(name, now))

    def charged_until(self, now: datetime) -> Iterator[tuple[datetime, Decimal]]:
        """When the charge of each record was first seen, and what it is now."""
        for history in self._by_key.values():
            record = history.at(now)
            if record is not None:
                yield history.versions[0][0], record.charge

    def final(self) -> Iterable[DetailRecord]:
        """Every record as it will be in the end, seen or not."""
        return (history.final for history in self._by_key.values())

    def pending(self, now: datetime) -> int:
        """How many records cannot be seen yet, or will still change."""
        return sum(history.settled_at > now for history in self._by_key.values())

    def revise(
        self, type_name: str, record_id: str, amount: Decimal, now: datetime, rng: random.Random
    ) -> None:
        """From now on the record shows another amount, which is the true one. Raises KeyError."""
        history = self._by_key[record_type(type_name).name, record_id]
        history.versions.append((now, history.final.with_amount(amount, rng)))

    def reveal(self, now: datetime, type_name: str | None = None, limit: int | None = None) -> int:
        """Make records visible before their time, the earliest due first; how many."""
        hidden = [
            history
            for (name, _), history in self._by_key.items()
            if history.versions[0][0] > now and type_name in {None, name}
        ]
        hidden.sort(key=lambda history: history.versions[0][0])
        for history in hidden[:limit]:
            history.versions[0] = (now, history.versions[0][1])
        return len(hidden[:limit])


def make_record(
    type_name: str,
    *,
    at: datetime,
    values: Fields,
    charge: Decimal,
    rng: random.Random,
    session_id: str | None = None,
    leg_key: str | None = None,
) -> DetailRecord:
    """Put a record together. Some carry fields that no reference knows: they come and go over time."""
    spec = record_type(type_name)
    fields: dict[str, object] = {"record_type": spec.shown_name, **values}
    if rng.random() < 0.3:
        fields |= {"routing_revision": rng.randint(1, 9), "labels": {"tier": rng.choice("abc")}}
    return DetailRecord(spec, str(values[spec.id_field]), at, fields, charge, session_id, leg_key)
