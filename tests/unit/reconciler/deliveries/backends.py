"""Failed deliveries at Telnyx and a book for their events, in memory."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.common.errors import TollbookError
from services.reconciler.deliveries.recovery import DeliveriesEnd
from services.reconciler.windows import Window
from services.telnyx_vocabulary.webhook_event import WebhookEvent


@dataclass(slots=True)
class FakeBackends:
    """Deliveries, and a book that knows events by their ids."""

    failed: list[WebhookEvent] = field(default_factory=list)
    delivered: list[WebhookEvent] = field(default_factory=list)
    ends_early: bool = False
    fault: TollbookError | None = None
    asked: list[Window] = field(default_factory=list)
    booked: dict[str, WebhookEvent] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    swept_at: datetime | None = None
    leads: bool = True

    async def deliveries(
        self, window: Window, *, include_delivered: bool
    ) -> AsyncGenerator[WebhookEvent | DeliveriesEnd, None]:
        self.asked.append(window)
        if self.fault is not None:
            raise self.fault
        told = [*self.failed, *self.delivered] if include_delivered else self.failed
        for event in told:
            yield event
        if not self.ends_early:
            yield DeliveriesEnd(len(told))

    async def record_events(self, events: Sequence[WebhookEvent]) -> int:
        new = [event for event in events if event.event_id not in self.booked]
        self.booked |= {event.event_id: event for event in new}
        self.batches.append(len(events))
        return len(new)

    async def last_sweep_at(self) -> datetime | None:
        return self.swept_at

    async def is_held(self) -> bool:
        return self.leads
