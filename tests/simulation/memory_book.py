"""A book in memory: the pure core of the ledger, with dictionaries in place of its tables.

Mirrors `services/ledger/store/{book,deriving,posting,derived_state}.py`; `test_memory_book.py` holds both to the same
result.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from services.common.clock import Clock
from services.common.times import utc_day
from services.ledger.charges import Charge, Derived
from services.ledger.closing import MARGIN
from services.ledger.derive import derive
from services.ledger.estimate import billed_s, is_on_net
from services.ledger.facts import Rules
from services.ledger.journal import post, post_away
from services.ledger.learned_rates import ExactCall
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.simulation.booked_days import BookedDays
from tests.simulation.clusters import BookedCharge, Cluster, Clusters, first_seen
from tests.simulation.held_sweeps import HeldRecords, HeldSweep, HeldSweeps
from tests.simulation.open_work import OpenWork

_SWEEPS_AT_ONCE = 50


def _go_on() -> None:
    """Nothing comes between two transactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The first estimate of a leg."""

    direction: str
    other_party: str
    billed_s: int
    nanos: int
    source: str


@dataclass(slots=True)
class MemoryBook:
    """The write side of the ledger. `between` is called between any two transactions and may raise.

    Facts and the entries that follow from them are one transaction here as in the store: no crash comes between them
    that leaves one without the other, which `tests/contract/ledger/test_crashes.py` proves of both databases.
    """

    clock: Clock
    rules: Rules
    between: Callable[[], None] = _go_on
    on_change: Callable[[], None] = _go_on
    clusters: Clusters = field(default_factory=Clusters)
    work: OpenWork = field(default_factory=OpenWork)
    records: HeldRecords = field(default_factory=HeldRecords)
    sweeps: HeldSweeps = field(init=False)
    days: BookedDays = field(default_factory=BookedDays)
    estimates: dict[str, Estimate] = field(default_factory=dict)
    exact_calls: dict[str, ExactCall] = field(default_factory=dict)
    _by_day: dict[date, dict[Cluster, None]] = field(default_factory=dict)
    entry_count: int = 0
    derivation_count: int = 0

    def __post_init__(self) -> None:
        self.sweeps = HeldSweeps(self.records)

    def record_events(self, batch: Iterable[WebhookEvent]) -> None:
        """Commit webhook events."""
        self.between()
        touched = [cluster for event in batch if (cluster := self.clusters.add_event(event)) is not None]
        self._rederive(self.clusters.resolved(touched))

    def record_observations(self, batch: Sequence[DetailRecord]) -> int:
        """Commit observations of detail records; gives how many were new or changed."""
        self.between()
        touched = [cluster for record in batch if (cluster := self.clusters.add_record(record)) is not None]
        self._rederive(self.clusters.resolved(touched))
        self.apply_sweeps()
        return len(touched)

    def record_sweep(self, sweep: Sweep) -> HeldSweep:
        """Commit a sweep and close what it closes."""
        self.between()
        held = self.sweeps.add(sweep)
        self.apply_sweeps()
        return held

    def record_usage(self, usage: Usage) -> None:
        """Commit what usage_reports said, and close what that proves."""
        self.between()
        self.sweeps.add_usage(usage)
        self.apply_sweeps()

    def apply_sweeps(self) -> None:
        """Weigh every sweep that is not up to date, and derive again what it closes or closes no more."""
        while self.sweeps.unapplied:
            self.between()
            weighed = [
                self.sweeps.unapplied[number] for number in sorted(self.sweeps.unapplied)[:_SWEEPS_AT_ONCE]
            ]
            concerned = [cluster for held in weighed for cluster in self._weigh(held)]
            worth = [(held, held.held_count, held.is_proven) for held in weighed]
            if concerned:
                self.between()
                self._rederive(self.clusters.resolved(concerned))
                self.between()
            for held, held_count, is_proven in worth:
                # But not one that a fact has outdated since it was weighed.
                if (held.held_count, held.is_proven) == (held_count, is_proven):
                    held.may_have_closed = held.is_complete
                    del self.sweeps.unapplied[held.number]

    def rederive_all(self) -> None:
        """Derive every cluster anew; a book that is up to date does not change."""
        self._rederive(self.clusters.all())

    def _weigh(self, held: HeldSweep) -> list[Cluster]:
        """Weigh one sweep; gives the clusters for which that may matter."""
        self.sweeps.weigh(held)
        may_have_closed = held.may_have_closed
        held.may_have_closed = may_have_closed or held.is_complete
        waiting = self._waiting_for(held.sweep) if held.is_complete else set()
        is_doubtful = not held.is_complete or (not held.is_proven and self.sweeps.is_contradicted(held.sweep))
        inside = self._inside(held.sweep) if may_have_closed and is_doubtful else set()
        return sorted(waiting | inside, key=lambda cluster: cluster.number)

    def _waiting_for(self, sweep: Sweep) -> set[Cluster]:
        window = sweep.window
        latest_end = min(window.end_at - MARGIN, sweep.read_at - self.rules.settle_horizon)
        earliest_start = window.start_at + MARGIN
        found: set[Cluster] = set()
        for row in self.work.rows():
            span = row.item.span
            is_spanned = earliest_start <= span.start_at < window.end_at and span.end_at <= latest_end
            if is_spanned and sweep.record_type in row.item.unclosed:
                found.add(row.cluster)
        return found

    def _inside(self, sweep: Sweep) -> set[Cluster]:
        """All clusters with a charge in the window."""
        window = sweep.window
        first, last = utc_day(window.start_at), utc_day(window.end_at)
        near = {
            cluster
            for offset in range((last - first).days + 1)
            for cluster in self._by_day.get(first + timedelta(days=offset), ())
        }
        return {
            cluster
            for cluster in self.clusters.resolved(near)
            if any(
                window.start_at <= one.charge.billing_at < window.end_at for one in cluster.charges.values()
            )
        }

    def _rederive(self, clusters: Sequence[Cluster]) -> None:
        """Bring everything that is derived from these clusters up to date."""
        now = self.clock.now()
        for cluster in clusters:
            self._place_records(cluster)
        for cluster in clusters:
            self.derivation_count += 1
            facts = cluster.facts()
            derived = derive(facts, self.rules)
            if derived.open_items:
                windows, usage = self.sweeps.windows_for(derived.open_items, self.rules.settle_horizon)
                if windows:
                    derived = derive(replace(facts, windows=windows, usage=usage), self.rules)
            self._post(cluster, derived, now)

    def _place_records(self, cluster: Cluster) -> None:
        """First of all: a window that no longer holds what it held must not close anything."""
        for record in cluster.facts().records:
            key = (record.record_type, record.record_id)
            self.days.put(record)
            place = (record.record_time, first_seen(cluster.contents[key]))
            before = self.records.place(key)
            if place == before:
                continue
            if before is not None:
                self.sweeps.mark_outdated(key[0], *before)
            self.sweeps.mark_outdated(key[0], *place)
            self.records.put(key, *place)

    def _post(self, cluster: Cluster, derived: Derived, now: datetime) -> None:
        settled: set[tuple[str, str]] = {
            (charge.kind, charge.record_id)
            for charge in derived.charges
            if self._post_one(cluster, charge, now)
        }
        derived_keys = {charge.key for charge in derived.charges}
        for key, held in cluster.charges.items():
            if key not in derived_keys and held.merged_into is None:
                self._move_away(cluster, derived, held, now)
        self._note_first_rates(cluster, derived)
        self._note_exact(derived, settled)
        cluster.legs = {leg.call_id: leg for leg in derived.legs}
        cluster.homes = dict(derived.homes)
        self._list_open(cluster, derived, settled, now)

    def _post_one(self, cluster: Cluster, charge: Charge, now: datetime) -> bool:
        """Post one charge; gives whether it is settled now."""
        held = cluster.charges.get(charge.key)
        posting = post(held.booked if held is not None else None, charge.cost_nanos, charge.can_settle, now)
        if held is None:
            held = cluster.charges[charge.key] = BookedCharge(charge, posting.after)
        held.charge, held.booked, held.merged_into = charge, posting.after, None
        self._by_day.setdefault(utc_day(charge.billing_at), {})[cluster] = None
        held.entries += [(now, entry) for entry in posting.entries]
        self.entry_count += len(posting.entries)
        return posting.after.settled_at is not None

    def _move_away(self, cluster: Cluster, derived: Derived, held: BookedCharge, now: datetime) -> None:
        kind, record_id, _ = held.charge.key
        former = [key for key, home in cluster.homes.items() if home == (kind, record_id)]
        posting = post_away(held.booked)
        held.booked, held.merged_into = posting.after, derived.home_of(kind, record_id, former)
        held.entries += [(now, entry) for entry in posting.entries]
        self.entry_count += len(posting.entries)

    def _note_first_rates(self, cluster: Cluster, derived: Derived) -> None:
        cluster.rates += derived.first_rates
        for rate in derived.first_rates:
            leg = next(leg for leg in derived.legs if leg.call_id == rate.call_id)
            if leg.estimate_nanos:
                other_party = leg.to_number if leg.direction == "outbound" else leg.from_number
                self.estimates[leg.call_id] = Estimate(
                    direction=leg.direction,
                    other_party=other_party,
                    billed_s=billed_s(timedelta(seconds=leg.duration_s), is_on_net(other_party)),
                    nanos=leg.estimate_nanos,
                    source=rate.source,
                )

    def _note_exact(self, derived: Derived, settled: set[tuple[str, str]]) -> None:
        """What learning knows a call by, once it is exact."""
        for leg in derived.legs:
            if leg.call_id in self.estimates and ("call", leg.call_id) in settled:
                estimate = self.estimates[leg.call_id]
                self.exact_calls[leg.call_id] = ExactCall(
                    direction=estimate.direction,
                    other_party=estimate.other_party,
                    talk_time=timedelta(seconds=leg.duration_s),
                    cost_nanos=sum(charge.cost_nanos for charge in leg.charges),
                )

    def _list_open(
        self, cluster: Cluster, derived: Derived, settled: set[tuple[str, str]], now: datetime
    ) -> None:
        wanted = {(item.kind, item.record_id): item for item in derived.open_items}
        for key in cluster.open_keys - wanted.keys():
            self.work.remove(key)
        cluster.open_keys = set(wanted)
        is_news = [self.work.put(item, cluster, key in settled, now) for key, item in wanted.items()]
        if any(is_news):
            self.on_change()
