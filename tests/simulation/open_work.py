"""What is open, in order of its last change: as the ledger's store lists it."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from services.common.times import utc_day
from services.ledger import charges
from services.reconciler.items import OpenItem
from tests.simulation.clusters import Cluster

Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class OpenRow:
    """An open item as the ledger keeps it, and as the reconciler is told of it."""

    number: int
    cluster: Cluster
    item: charges.OpenItem
    told: OpenItem


class OpenWork:
    """The work list."""

    def __init__(self) -> None:
        self._rows: dict[Key, OpenRow] = {}
        self._order: list[tuple[datetime, int]] = []
        self._by_number: dict[int, OpenRow] = {}
        self._by_id: dict[str, set[Key]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> Iterable[OpenRow]:
        """All of it."""
        return self._rows.values()

    def put(self, item: charges.OpenItem, cluster: Cluster, is_settled: bool, now: datetime) -> bool:
        """An item is open as it is now; False if nothing is new about it."""
        key = (item.kind, item.record_id)
        held = self._rows.get(key)
        if held is not None and held.item == item and held.told.settled == is_settled:
            held.cluster = cluster
            return False
        if held is not None:
            self.remove(key)
        self._count += 1
        number = held.number if held is not None else self._count
        # What is not open yet counts as changed when it becomes open.
        told = _told(item, is_settled, max(now, item.open_at))
        row = self._rows[key] = self._by_number[number] = OpenRow(number, cluster, item, told)
        self._by_id.setdefault(item.record_id, set()).add(key)
        insort(self._order, (row.told.changed_at, number))
        return True

    def remove(self, key: Key) -> None:
        """It is not open any more."""
        row = self._rows.pop(key)
        del self._by_number[row.number]
        self._by_id[key[1]].discard(key)
        if not self._by_id[key[1]]:
            del self._by_id[key[1]]
        del self._order[bisect_left(self._order, (row.told.changed_at, row.number))]

    def changed(self, since: datetime | None, now: datetime) -> list[OpenItem]:
        """What is open by now, changed since, in order of the change."""
        low = bisect_left(self._order, (since, 0)) if since is not None else 0
        high = bisect_left(self._order, (now, self._count + 1))
        return [self._by_number[number].told for _, number in self._order[low:high]]

    def named(self, record_ids: Iterable[str], now: datetime) -> Iterator[OpenItem]:
        """What is open of these, by now."""
        for record_id in record_ids:
            for key in sorted(self._by_id.get(record_id, ())):
                if self._rows[key].told.changed_at <= now:
                    yield self._rows[key].told

    def waiting(self, record_type: str, day: date) -> int:
        """How many legs and messages that began on a day wait for a type."""
        return sum(
            record_type in row.item.unclosed and utc_day(row.item.span.start_at) == day
            for row in self._rows.values()
        )

    def next_opening(self, after: datetime) -> datetime | None:
        """When the next item that is not open yet opens."""
        place = bisect_left(self._order, (after, self._count + 1))
        return self._order[place][0] if place < len(self._order) else None


def _told(item: charges.OpenItem, is_settled: bool, changed_at: datetime) -> OpenItem:
    return OpenItem(
        kind=item.kind,
        record_id=item.record_id,
        session_id=item.session_id,
        start_at=min(item.span.start_at, item.span.end_at),
        end_at=max(item.span.start_at, item.span.end_at),
        opened_at=item.open_at,
        changed_at=changed_at,
        missing=item.missing,
        settled=is_settled,
        unreadable=item.unreadable,
        unclosed=item.unclosed,
    )
