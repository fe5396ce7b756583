"""Fetching the cost of one call or message at once, because a person asked for it."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

import structlog

from services.common.clock import Clock
from services.common.errors import NotFound, TelnyxRefused, TollbookError
from services.reconciler import failpoints
from services.reconciler.attempt import Attempt
from services.reconciler.discovery import Discovery
from services.reconciler.fetched import Fetched, settled, waiting
from services.reconciler.items import OpenItem
from services.reconciler.job import presentable
from services.reconciler.lookup import lookups
from services.reconciler.ports import CallState, LedgerPort
from services.reconciler.reader import Reader
from services.reconciler.reads import IdFilter, Read
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type

_log = structlog.get_logger()


class Fetch:
    """Asks the ledger, then Telnyx with a person's priority, then the ledger again.

    What that came to goes into the history of the item's job, if there is one. A cost that was exact before needs
    no attempt, and an attempt whose caller did not wait for its end has come to nothing that could be told.
    """

    def __init__(
        self,
        ledger: LedgerPort,
        reader: Reader,
        discovery: Discovery,
        expected_types: Sequence[str],
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._discovery = discovery
        self._expected_types = tuple(expected_types)
        self._clock = clock

    async def fetch(self, some_id: str) -> Fetched:
        """The cost of the call or message that an id names, as exact as can be had now.

        Raises NotFound when neither the ledger nor Telnyx knows the id, and TelnyxUnreachable, TelnyxRefused or
        QuotaExhausted when the cost is not exact and Telnyx could not be asked.
        """
        try:
            fetched = await self._fetch(some_id)
        except TollbookError as error:
            _log.info("cost.not_fetched", call_id=some_id, message=f"[FETCH CALL COST] {some_id}: {error}")
            raise
        _log.info(
            "cost.fetched", call_id=fetched.call_id, message=f"[FETCH CALL COST] {some_id}: {fetched.message}"
        )
        return fetched

    async def _fetch(self, some_id: str) -> Fetched:
        item = await self._open_item(some_id)
        if item is not None and item.kind == "sms":
            return await self._attempt(item.record_id, self._fetch_message(item))
        try:
            state = await self._ledger.call(some_id)
        except NotFound:
            found = await self._look_up(some_id)
            if _is_message(found):
                sent_at = found.record_time or found.observed_at
                return await self._attempt(found.record_id, self._message(found.record_id, sent_at))
            state = await self._ledger.call(found.call_control_id or found.leg_id or found.record_id)
        if state.is_exact and not state.missing:
            return settled(state.call_id, state.cost)
        return await self._attempt(state.call_id, self._fetch_call(state))

    async def _attempt(self, call_id: str, attempt: Awaitable[Fetched]) -> Fetched:
        try:
            fetched = await attempt
        except TollbookError as error:
            await self._remember(call_id, is_settled=False, reason=str(error))
            raise
        failpoints.FETCH_ENDED.reached()
        await self._remember(
            fetched.call_id,
            is_settled=fetched.is_settled,
            reason="" if fetched.is_settled else fetched.message,
        )
        return fetched

    async def _remember(self, call_id: str, *, is_settled: bool, reason: str) -> None:
        """Complete the job of what has settled, and tell its history; the answer does not depend on it."""
        attempt = Attempt(
            finished_at=self._clock.now(), is_settled=is_settled, is_manual=True, reason=presentable(reason)
        )
        try:
            await self._discovery.tried_by_hand(call_id, attempt)
        except TollbookError as error:
            _log.warning("attempt.not_kept", call_id=call_id, message=f"the attempt is not kept: {error}")

    async def _fetch_call(self, state: CallState) -> Fetched:
        item = await self._open_item(state.call_id) or self._item_of(state)
        faults = await self._reader.look_for([item], "person")
        state = await self._ledger.call(state.call_id)
        if state.is_exact:
            return settled(state.call_id, state.cost)
        _raise_any(faults)
        item = await self._open_item(state.call_id) or self._item_of(state)
        return waiting(state.call_id, state.cost, item)

    async def _fetch_message(self, item: OpenItem) -> Fetched:
        faults = await self._reader.look_for([item], "person")
        fetched = await self._message(item.record_id, item.start_at)
        if not fetched.is_settled:
            _raise_any(faults)
        return fetched

    async def _message(self, message_id: str, sent_at: datetime) -> Fetched:
        item = await self._open_item(message_id)
        cost = await self._ledger.message_cost(message_id, sent_at)
        if item is not None and not item.settled:
            return waiting(message_id, cost, item)
        return settled(message_id, cost)

    async def _look_up(self, some_id: str) -> DetailRecord:
        """A record that carries the id, booked; of a call, the expected records of its session too."""
        for read in lookups(some_id):
            try:
                found = await self._reader.read(read)
            except TelnyxRefused as error:
                if error.field == "TELNYX_API_KEY":
                    raise
                continue
            if found:
                await self._read_session(found[0], read.record_type)
                return found[0]
        raise NotFound("neither the book nor Telnyx knows a call or message of this id", field="call_id")

    async def _read_session(self, record: DetailRecord, already_read: str) -> None:
        for name in self._expected_types:
            known = find_record_type(name)
            if known is not None and known.session_field and record.session_id and name != already_read:
                id_filter = IdFilter("session", record.session_id)
                await self._reader.read(Read(record_type=known.name, priority="person", id_filter=id_filter))

    async def _open_item(self, record_id: str) -> OpenItem | None:
        answer = await self._ledger.unsettled([record_id])
        return next(iter(answer.items), None)

    def _item_of(self, state: CallState) -> OpenItem:
        """A call that the ledger does not list as open: it has not ended, as far as is known."""
        now = self._clock.now()
        start_at = state.start_at or state.end_at or now
        return OpenItem(
            kind="call",
            record_id=state.call_id,
            session_id=state.session_id,
            start_at=start_at,
            end_at=max(start_at, state.end_at or now),
            opened_at=now,
            changed_at=now,
            missing=state.missing or self._expected_types,
        )


def _is_message(record: DetailRecord) -> bool:
    known = find_record_type(record.record_type)
    return known is not None and known.is_message


def _raise_any(faults: dict[str, TollbookError]) -> None:
    """Without an exact cost, the reason is what the person who asked should see."""
    for fault in faults.values():
        raise fault
