"""The book in memory, behind the port through which the reconciler asks for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from services.common.errors import NotFound, Unavailable
from services.common.money import Money
from services.ledger.store.clusters import leg_anchor
from services.reconciler.audit.book_days import BookDay, DayRecord
from services.reconciler.backfill.days import DaySource
from services.reconciler.ports import MAX_EDGES, MAX_IDS, CallState, OpenItems
from services.reconciler.sweep import Sweep, Verdict
from services.reconciler.sweep_histories import SWEPT_TYPES
from services.reconciler.usage import Usage
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.simulation.faults import Faults
from tests.simulation.held_sweeps import HeldSweep
from tests.simulation.memory_book import MemoryBook

_PAGE = 1_000
_CALL_S = 0.002
"""How long a question to the ledger takes."""


class MemoryLedger:
    """Satisfies LedgerPort."""

    def __init__(self, book: MemoryBook, faults: Faults) -> None:
        self._book = book
        self._faults = faults

    async def list_unsettled(self, changed_since: datetime | None) -> AsyncIterator[OpenItems]:
        now = self._book.clock.now()
        items = self._book.work.changed(changed_since, now)
        for start in range(0, max(1, len(items)), _PAGE):
            await asyncio.sleep(_CALL_S)
            yield OpenItems(tuple(items[start : start + _PAGE]), now)

    async def unsettled(self, record_ids: Sequence[str]) -> OpenItems:
        assert len(record_ids) <= MAX_IDS
        await asyncio.sleep(_CALL_S)
        now = self._book.clock.now()
        return OpenItems(tuple(self._book.work.named(record_ids, now)), now)

    async def record_records(self, records: Sequence[DetailRecord]) -> int:
        await asyncio.sleep(_CALL_S)
        count = self._book.record_observations(records)
        self._lose_answer()
        return count

    async def record_sweep(self, sweep: Sweep) -> Sweep:
        await asyncio.sleep(_CALL_S)
        held = self._book.record_sweep(sweep)
        self._lose_answer()
        return weighed(held)

    async def record_usage(self, usage: Usage) -> None:
        await asyncio.sleep(_CALL_S)
        self._book.record_usage(usage)

    async def held_counts(self, record_type: str, edges: Sequence[datetime]) -> list[int]:
        assert 2 <= len(edges) <= MAX_EDGES
        await asyncio.sleep(_CALL_S)
        return [self._book.records.held(record_type, from_at, to_at) for from_at, to_at in pairwise(edges)]

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        """Of the types that are swept; nobody waits for, or reports on, any other here."""
        await asyncio.sleep(_CALL_S)
        days = (from_day + timedelta(days=offset) for offset in range((to_day - from_day).days))
        return tuple(
            told for day in days for name in SWEPT_TYPES if (told := self._book_day(name, day)) is not None
        )

    def _book_day(self, record_type: str, day: date) -> BookDay | None:
        book = self._book
        nanos, count = book.days.sums(record_type, day)
        word = book.sweeps.last_word(record_type, day)
        waiting = book.work.waiting(record_type, day)
        if not (count or word or waiting):
            return None
        return BookDay(
            record_type=record_type,
            day=day,
            book=Money("USD", nanos),
            record_count=count,
            open_count=waiting,
            reported=Money("USD", word[2]) if word is not None else None,
            reported_decimals=9,
            reported_at=word[0] if word is not None else None,
            is_complete=book.sweeps.complete_at(record_type, day) is not None,
        )

    async def claim_day(self, record_type: str, day: date, source: DaySource) -> DaySource:
        """There are no reports here that could have claimed it before."""
        await asyncio.sleep(_CALL_S)
        return source

    async def day_records(self, record_type: str, day: date) -> AsyncIterator[tuple[DayRecord, ...]]:
        """For the causes of a difference, which nobody reads here."""
        await asyncio.sleep(_CALL_S)
        yield ()

    async def list_sweeps(self, read_since: datetime) -> AsyncIterator[tuple[Sweep, ...]]:
        await asyncio.sleep(_CALL_S)
        known = [held for held in self._book.sweeps.sweeps if held.sweep.read_at >= read_since]
        known.sort(key=lambda held: (held.sweep.read_at, held.number), reverse=True)
        yield tuple(map(weighed, known))

    async def call(self, call_id: str) -> CallState:
        """By its leg ids alone: the simulation's people ask for calls that they have seen."""
        await asyncio.sleep(_CALL_S)
        cluster = self._book.clusters.of_anchor(leg_anchor(call_id))
        for leg in cluster.legs.values() if cluster is not None else ():
            if call_id in {leg.call_id, *leg.ids}:
                return CallState(
                    call_id=leg.call_id,
                    session_id=leg.session_id,
                    start_at=leg.started_at,
                    end_at=leg.ended_at,
                    cost=Money("USD", sum(charge.cost_nanos for charge in leg.charges)),
                    is_exact=bool(leg.charges) and all(charge.can_settle for charge in leg.charges),
                    missing=leg.missing,
                )
        raise NotFound("no such call", field="id")

    async def message_cost(self, message_id: str, sent_at: datetime) -> Money | None:
        await asyncio.sleep(_CALL_S)
        cluster = self._book.clusters.of_anchor(f"message:{message_id}")
        held = cluster.charges.get(("sms", message_id, "USD")) if cluster is not None else None
        return Money("USD", held.booked.cost_nanos) if held is not None else None

    def _lose_answer(self) -> None:
        """What was committed is committed, but nobody is told."""
        if self._faults.happens(self._faults.rates.ledger_fault):
            raise Unavailable("the ledger's answer was lost")


def weighed(held: HeldSweep) -> Sweep:
    """A sweep with what it was found to be worth."""
    verdict: Verdict = "different"
    if held.is_complete:
        verdict = "complete" if held.is_proven else "unproven"
    return replace(held.sweep, held_count=held.held_count or 0, verdict=verdict)
