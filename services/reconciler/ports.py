"""What the reconciler asks of the ledger and of telnyx-gateway, in its own words. Tests put fakes in their place.

All methods raise TollbookError; telnyx-gateway's most telling ones are TelnyxUnreachable, TelnyxRefused and
QuotaExhausted.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from services.common.money import Money
from services.reconciler.audit.book_days import BookDay
from services.reconciler.backfill.days import DaySource
from services.reconciler.items import OpenItem
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage
from services.reconciler.windows import Window
from services.telnyx_vocabulary.detail_record import DetailRecord

MAX_IDS = 1_000
"""How many ids one question to the ledger may name."""

MAX_EDGES = 101
"""How many edges of windows one question to the ledger may name."""


@dataclass(frozen=True, slots=True)
class OpenItems:
    """Some of the open items, as the ledger had them at `read_at` by its own clock."""

    items: tuple[OpenItem, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """A call leg as the ledger has it now. `start_at` and `end_at` are None until something has told them."""

    call_id: str
    session_id: str
    start_at: datetime | None
    end_at: datetime | None
    cost: Money | None
    is_exact: bool
    missing: tuple[str, ...]


class LedgerPort(Protocol):
    """The book."""

    def list_unsettled(self, changed_since: datetime | None) -> AsyncIterator[OpenItems]:
        """Everything that is open, or that changed since; page by page."""

    async def unsettled(self, record_ids: Sequence[str]) -> OpenItems:
        """Which of these (at most MAX_IDS) are still open."""

    async def record_records(self, records: Sequence[DetailRecord]) -> int:
        """Book observations; gives how many were new or said something else than before."""

    async def record_sweep(self, sweep: Sweep) -> Sweep:
        """Book a sweep whose records were all booked; gives it with its verdict."""

    async def record_usage(self, usage: Usage) -> None:
        """Book what usage_reports said."""

    async def held_counts(self, record_type: str, edges: Sequence[datetime]) -> list[int]:
        """How many records of a type the book holds between each two neighbouring edges (2 to MAX_EDGES)."""

    def list_sweeps(self, read_since: datetime) -> AsyncIterator[tuple[Sweep, ...]]:
        """The sweeps read since, newest first, page by page."""

    async def book_days(self, from_day: date, to_day: date) -> tuple[BookDay, ...]:
        """The days (the last exclusive, at most 366) with records, a word of usage_reports, or calls that wait."""

    async def claim_day(self, record_type: str, day: date, source: DaySource) -> DaySource:
        """Claim a type's UTC day for a source; gives the claim that stands, which is the first."""

    async def call(self, call_id: str) -> CallState:
        """A call leg by any id that it is known by. Raises NotFound."""

    async def message_cost(self, message_id: str, sent_at: datetime) -> Money | None:
        """What the book has for a message of about that time; None if it has none."""


class TelnyxPort(Protocol):
    """Telnyx, as telnyx-gateway shows it."""

    def list_records(self, read: Read, timeout_s: float) -> AsyncGenerator[RecordPage | ReadEnd, None]:
        """The pages of a reading, then its end. Without an end the answer is not whole."""

    async def count_records(self, record_type: str, window: Window, priority: Priority) -> ReadEnd:
        """How many records of a type a window holds, in one small request (a few for a very deep window)."""

    async def list_usage(self, record_type: str, from_day: date, to_day: date) -> Usage:
        """What usage_reports say of a type's days, the last exclusive."""
