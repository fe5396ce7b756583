"""The book: every write is one transaction that adds facts, derives what they touch, and posts the differences."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count, islice
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError, IntegrityError

from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Conflict, InvalidInput
from services.ledger import failpoints, tables
from services.ledger.facts import Rules
from services.ledger.learned_rates import LearnedRates
from services.ledger.refusals import write_but_refused
from services.ledger.store.book_lock import lock_book
from services.ledger.store.clusters import lock_clusters
from services.ledger.store.deriving import rederive
from services.ledger.store.recorded_events import add_events
from services.ledger.store.recorded_observations import AddedObservations, add_observations
from services.ledger.store.recorded_sweeps import (
    Sweep,
    UsageDay,
    add_sweep,
    add_usage,
)
from services.ledger.store.sweep_weights import Weighed, note_applied, unapplied_sweeps, weigh_sweeps
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_CLUSTERS_PER_TRANSACTION = 200
_ATTEMPTS_BESIDE_OTHERS = 3
_log = structlog.get_logger()
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RecordedEvents:
    """How many events were new, and how many entries they made."""

    new_count: int
    entry_count: int


@dataclass(slots=True)
class Book:
    """The write side of the store. Methods block; call them from worker threads.

    `rules` change in one thing: `learn` replaces the rates for calls that are estimated from then on.
    """

    database: Database
    clock: Clock
    rules: Rules

    def learn(self, rates: LearnedRates) -> None:
        """Estimate at these rates from now on, where a leg has none yet."""
        self.rules = replace(self.rules, rates=rates)

    def record_events(self, batch: list[WebhookEvent]) -> int:
        """Commit webhook events; returns how many were new. Raises InvalidInput, Conflict, Unavailable."""
        return self.replay_events(batch).new_count

    def replay_events(self, batch: list[WebhookEvent]) -> RecordedEvents:
        """The same, and tells what it caused: nothing where all are known. Raises like record_events."""

        def work(connection: Connection) -> RecordedEvents:
            added = add_events(connection, batch, self.rules.account_currency)
            failpoints.EVENTS_ADDED.reached()
            entry_count = rederive(connection, added.cluster_ids, self.rules, self.clock.now(), added.new)
            failpoints.EVENTS_DERIVED.reached()
            return RecordedEvents(added.new_count, entry_count)

        recorded = self._write(work)
        failpoints.EVENTS_COMMITTED.reached()
        return recorded

    def record_observations(self, batch: list[DetailRecord]) -> AddedObservations:
        """Commit observations of detail records. Raises InvalidInput, Conflict, Unavailable."""

        def work(connection: Connection) -> AddedObservations:
            added = add_observations(connection, batch)
            failpoints.OBSERVATIONS_ADDED.reached()
            rederive(connection, added.cluster_ids, self.rules, self.clock.now(), added.new)
            failpoints.OBSERVATIONS_DERIVED.reached()
            return added

        added = self._write(work)
        failpoints.OBSERVATIONS_COMMITTED.reached()
        self.apply_sweeps()
        return added

    def record_sweep(self, sweep: Sweep) -> Any:
        """Commit a sweep and close what it closes; returns its row. Raises Conflict, Unavailable."""

        def work(connection: Connection) -> int:
            sweep_id = add_sweep(connection, sweep)
            failpoints.SWEEP_ADDED.reached()
            return sweep_id

        sweep_id = self._write(work, is_alone=True)
        failpoints.SWEEP_RECORDED.reached()
        self.apply_sweeps()
        query = select(tables.sweeps).where(tables.sweeps.c.id == sweep_id)
        return self.database.read(lambda connection: connection.execute(query).one())

    def record_usage(
        self, record_type: str, days: list[UsageDay], read_at: datetime, account_key: str
    ) -> None:
        """Commit what usage_reports said, and close what that proves. Raises Conflict, Unavailable."""
        self._write(
            lambda connection: add_usage(connection, record_type, days, read_at, account_key), is_alone=True
        )
        failpoints.USAGE_RECORDED.reached()
        self.apply_sweeps()

    def apply_sweeps(self) -> None:
        """Weigh every sweep that is not up to date, and derive again what it closes or closes no more.

        A mark in the database says which sweeps are not, so that a crash between two steps loses nothing: the next
        call, or the next start, goes on.
        """
        while sweep_ids := self.database.read(unapplied_sweeps):
            weighed = self._write(partial(self._weigh, sweep_ids), is_alone=True)
            failpoints.SWEEP_WEIGHED.reached()
            for chunk in _chunks(weighed.cluster_ids):
                self._derive_chunk(chunk)
                failpoints.SWEEP_DERIVED.reached()
            if weighed.cluster_ids:
                self._write(partial(note_applied, weights=weighed.weights))
                failpoints.SWEEP_NOTED.reached()

    def _weigh(self, sweep_ids: list[int], connection: Connection) -> Weighed:
        weighed = weigh_sweeps(connection, sweep_ids, self.rules.settle_horizon)
        if not weighed.cluster_ids:
            note_applied(connection, weighed.weights)
        return weighed

    def _derive_chunk(self, cluster_ids: list[int]) -> None:
        _, refusals = write_but_refused(
            lambda ids: self._write(partial(self._derive_again, ids)), cluster_ids
        )
        for refusal in refusals:
            _log.error(
                "cluster.not_derived",
                cluster=refusal.fact,
                message="a sweep closes calls that cannot be derived again; they stay as they are",
                exc_info=refusal.error,
            )

    def _derive_again(self, cluster_ids: list[int], connection: Connection) -> None:
        # A cluster that was merged away since was derived when it was merged.
        there = lock_clusters(connection, cluster_ids)
        rederive(connection, there, self.rules, self.clock.now())

    def _write(self, work: Callable[[Connection], Result], *, is_alone: bool = False) -> Result:
        """Run `work` in one transaction, beside others that add facts; alone if it must, or if it keeps losing."""
        attempts = count(1)

        def attempt(connection: Connection) -> Result:
            lock_book(connection, is_alone=is_alone or next(attempts) > _ATTEMPTS_BESIDE_OTHERS)
            try:
                return work(connection)
            except IntegrityError as error:
                raise Conflict("another writer has just added the same facts") from error
            except (DataError, OverflowError) as error:
                raise InvalidInput("an amount, a time or a text is beyond what the book can hold") from error

        return self.database.write(attempt)


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    left = iter(ids)
    while chunk := list(islice(left, _CLUSTERS_PER_TRANSACTION)):
        yield chunk
