"""Reads detail records at Telnyx and books them in the ledger, page by page as they arrive."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from typing import TypeVar

import structlog

from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError, Unavailable
from services.common.times import format_rfc3339
from services.reconciler import failpoints
from services.reconciler.day_claims import DayClaims
from services.reconciler.density import Densities
from services.reconciler.items import OpenItem
from services.reconciler.metrics import SWEEPS, RequestTally
from services.reconciler.plan import plan_costs, plan_reads, unplanned
from services.reconciler.ports import LedgerPort, TelnyxPort
from services.reconciler.reads import Priority, Read, ReadEnd, RecordPage
from services.reconciler.refusals import Refusals
from services.reconciler.sweep import Sweep
from services.reconciler.windows import PAGE_ROWS, Window
from services.telnyx_vocabulary.detail_record import DetailRecord

_TIMEOUTS_S: dict[Priority, float] = {"person": 20.0, "job": 300.0, "background": 1_800.0}
"""How long a reading may take; a wide window waits for the quota again and again."""

_CONCURRENT_READS = 4
_LIKELY_ONE_PAGE = 0.8 * PAGE_ROWS

ABOUT_THE_REQUEST = "request"
"""What telnyx-gateway names as the field of a refusal that is about what was asked, not about the API key."""

_log = structlog.get_logger()

Item = TypeVar("Item")
Result = TypeVar("Result")


class Reader:
    """Carries out readings; all of them end in the ledger.

    A page that was read is kept, also when the reading then fails: facts are facts.
    """

    def __init__(
        self,
        ledger: LedgerPort,
        telnyx: TelnyxPort,
        densities: Densities,
        refusals: Refusals,
        tally: RequestTally,
        claims: DayClaims,
    ) -> None:
        self._ledger = ledger
        self._telnyx = telnyx
        self._densities = densities
        self._refusals = refusals
        self._tally = tally
        self._claims = claims
        self._under_way: dict[str, list[Window]] = {}

    async def read(self, read: Read) -> list[DetailRecord]:
        """Read to the end and book what came; gives the records as well. For readings by id: these are short."""
        found: list[DetailRecord] = []
        await self._read(read, found)
        return found

    def costs_of(self, items: Sequence[OpenItem]) -> list[int]:
        """How many requests `look_for` is likely to make for the first of these, the first two, and so on."""
        return plan_costs(items, self._densities.rows_per_s, self._refusals.now())

    async def look_for(self, items: Sequence[OpenItem], priority: Priority) -> dict[str, TollbookError]:
        """Read and book what these items miss, a few readings at a time; gives why a type could not be read."""
        refused = self._refusals.now()
        reads = plan_reads(items, priority, self._densities.rows_per_s, refused)
        outcomes = await gather_some(self._outcome, reads)
        faults = unplanned(items, refused)
        faults |= {
            read.record_type: fault for read, fault in zip(reads, outcomes, strict=True) if fault is not None
        }
        return faults

    async def _outcome(self, read: Read) -> TollbookError | None:
        try:
            await self._read(read, None)
        except TollbookError as error:
            return error
        return None

    def refused_types(self) -> Collection[str]:
        """Types that Telnyx refuses to list: reading them would only cost quota."""
        return self._refusals.now()

    def rows_per_s(self, record_type: str) -> float:
        """How densely the records of a type lie, as far as is known."""
        return self._densities.rows_per_s(record_type)

    def is_likely_small(self, record_type: str, window: Window) -> bool:
        """Whether a window is likely to fit on a page. What is not known of a type is found out by reading."""
        rows = self._densities.rows_per_s(record_type) * window.length_s
        return rows <= _LIKELY_ONE_PAGE or not self._densities.is_known(record_type)

    def note_density(self, record_type: str, window: Window, row_count: int) -> None:
        """Learn from a window that was read before this process started."""
        self._densities.note(record_type, window, row_count)

    async def sweep(self, record_type: str, window: Window) -> Sweep:
        """Read a whole window and book that it was: only once its last page came, and all is booked."""
        return await self.record_sweep(record_type, window, await self.take_in(record_type, window))

    async def take_in(self, record_type: str, window: Window) -> ReadEnd:
        """Read a whole window and book what came, with background priority; of the reading itself nothing is kept."""
        under_way = self._under_way.setdefault(record_type, [])
        under_way.append(window)
        try:
            return await self._read(Read(record_type=record_type, priority="background", window=window), None)
        finally:
            under_way.remove(window)

    def is_being_read(self, item: OpenItem) -> bool:
        """Whether windows that are being read in full will show all that an item misses, if it is there."""
        return bool(item.missing) and all(
            any(window.spans(item.lifetime) for window in self._under_way.get(name, ()))
            for name in item.missing
        )

    async def count(self, record_type: str, window: Window) -> ReadEnd:
        """How many records a window holds, with background priority."""
        try:
            end = await self._telnyx.count_records(record_type, window, "background")
        except TelnyxRefused as error:
            self._drop_if_refused(record_type, error)
            raise
        self._tally.requested("background", end.request_count)
        self._densities.note(record_type, window, end.total_results)
        return end

    async def record_sweep(
        self, record_type: str, window: Window, end: ReadEnd, *, is_counted: bool = False
    ) -> Sweep:
        """Book that a window was read, or counted."""
        failpoints.WINDOW_READ.reached()
        sweep = await self._ledger.record_sweep(
            Sweep(
                record_type=record_type,
                window=window,
                read_at=end.read_at,
                total_results=end.total_results,
                query_form=end.query_form,
                account_key=end.account_key,
                is_counted=is_counted,
            )
        )
        failpoints.SWEEP_RECORDED.reached()
        SWEEPS.labels(verdict=sweep.verdict or "unknown").inc()
        _log.info(
            "sweep.recorded",
            record_type=record_type,
            verdict=sweep.verdict,
            total_results=sweep.total_results,
            held_count=sweep.held_count,
            from_time=format_rfc3339(window.start_at),
            to_time=format_rfc3339(window.end_at),
        )
        return sweep

    async def _read(self, read: Read, found: list[DetailRecord] | None) -> ReadEnd:
        timeout_s = _TIMEOUTS_S[read.priority]
        try:
            async with asyncio.timeout(timeout_s):
                end = await self._book_pages(read, timeout_s, found)
        except TimeoutError as error:
            raise Unavailable(f"reading {read.record_type} took longer than {timeout_s:.0f} s") from error
        except TelnyxRefused as error:
            if read.window is not None:
                self._drop_if_refused(read.record_type, error)
            raise
        return end

    def _drop_if_refused(self, record_type: str, error: TelnyxRefused) -> None:
        if error.field == ABOUT_THE_REQUEST:
            self._refusals.refused(record_type, str(error))

    async def _book_pages(self, read: Read, timeout_s: float, found: list[DetailRecord] | None) -> ReadEnd:
        page_count = 0
        try:
            async with aclosing(self._telnyx.list_records(read, timeout_s)) as answer:
                async for part in answer:
                    if isinstance(part, ReadEnd):
                        page_count = part.request_count
                        self._note_density(read, part.total_results)
                        return part
                    page_count += 1
                    failpoints.PAGE_READ.reached()
                    await self._book(part, found)
                    failpoints.PAGE_BOOKED.reached()
        finally:
            self._tally.requested(read.priority, page_count)
        raise TelnyxUnreachable(f"the answer about {read.record_type} ended before its last page")

    async def _book(self, page: RecordPage, found: list[DetailRecord] | None) -> None:
        records = await self._claims.bookable(page.records)
        if records:
            await self._ledger.record_records(records)
        if found is not None:
            found.extend(page.records)

    def _note_density(self, read: Read, row_count: int) -> None:
        if read.window is not None:
            self._densities.note(read.record_type, read.window, row_count)


async def gather_some(work: Callable[[Item], Awaitable[Result]], items: Sequence[Item]) -> list[Result]:
    """Do some work for each of these, a few at a time; gives the results in order."""
    permits = asyncio.Semaphore(_CONCURRENT_READS)

    async def one(item: Item) -> Result:
        async with permits:
            return await work(item)

    return list(await asyncio.gather(*map(one, items)))
