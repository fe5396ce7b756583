"""Recovering webhooks that Telnyx could not deliver: one that was not taken never comes again (facts, section 2)."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from services.common.errors import TelnyxUnreachable
from services.common.times import format_rfc3339
from services.reconciler import failpoints
from services.reconciler.windows import Window
from services.telnyx_vocabulary.webhook_event import WebhookEvent

MAX_PERIOD = timedelta(days=92)
"""How much one recovery may ask for."""

_BATCH = 500
_UNREADABLE = "unreadable"
"""The type of an event whose payload could not be read."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DeliveriesEnd:
    """Every failed delivery was told."""

    delivery_count: int


class DeliveriesPort(Protocol):
    """Telnyx's list of deliveries. Raises TollbookError."""

    def deliveries(
        self, window: Window, *, include_delivered: bool
    ) -> AsyncGenerator[WebhookEvent | DeliveriesEnd, None]:
        """The events of the deliveries that failed in a window, or of all, oldest first, then the end."""


class EventsPort(Protocol):
    """The book, as far as it takes events. Raises TollbookError."""

    async def record_events(self, events: Sequence[WebhookEvent]) -> int:
        """Book events; gives how many were new."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery came to. `unreadable_count`: payloads that could not be read; they are kept all the same."""

    delivery_count: int
    new_count: int
    unreadable_count: int


class Recovery:
    """Books the events of deliveries, as a rule of those that failed.

    They have the ids that they would have come with: repeating it is safe.
    """

    def __init__(self, telnyx: DeliveriesPort, ledger: EventsPort) -> None:
        self._telnyx = telnyx
        self._ledger = ledger

    async def recover(self, window: Window, *, include_delivered: bool = False) -> Recovered:
        """Book what failed in a window. What was booked stays booked, also when Telnyx then fails to tell the rest.

        `include_delivered`: also what was taken, for a book that was restored and lacks it.
        """
        counted = 0
        new = 0
        unreadable = 0
        waiting: list[WebhookEvent] = []
        async with aclosing(self._telnyx.deliveries(window, include_delivered=include_delivered)) as told:
            async for part in told:
                if isinstance(part, DeliveriesEnd):
                    break
                counted += 1
                unreadable += part.event_type == _UNREADABLE
                waiting.append(part)
                if len(waiting) == _BATCH:
                    new += await self._book(waiting)
                    waiting = []
            else:
                raise TelnyxUnreachable("the list of deliveries ended before its last one")
        if waiting:
            new += await self._book(waiting)
        _log.info(
            "deliveries.recovered",
            delivery_count=counted,
            new_count=new,
            unreadable_count=unreadable,
            from_time=format_rfc3339(window.start_at),
            to_time=format_rfc3339(window.end_at),
        )
        return Recovered(counted, new, unreadable)

    async def _book(self, events: Sequence[WebhookEvent]) -> int:
        failpoints.DELIVERIES_READ.reached()
        new_count = await self._ledger.record_events(events)
        failpoints.DELIVERIES_BOOKED.reached()
        return new_count
