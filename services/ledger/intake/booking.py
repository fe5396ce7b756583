"""Booking many events of which the book may refuse some."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.common.errors import Conflict, InvalidInput, Unavailable
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Booked:
    """How many events were new to the book, and which it refused."""

    new_count: int
    refused: tuple[WebhookEvent, ...] = ()


def book_but_refused(book: Book, events: Sequence[WebhookEvent]) -> Booked:
    """Book events in one transaction; where that is refused, in halves, until those that are to blame are found.

    Events that are booked already change nothing. Raises Conflict, Unavailable; some may be booked by then.
    """
    try:
        return Booked(book.record_events(list(events)))
    except (Conflict, Unavailable):
        raise
    except InvalidInput as error:
        reason = error.detail
    except Exception:  # noqa: BLE001 - one event that nobody foresaw must not stop all that come after it
        reason = "an unexpected failure"
        _log.exception("events.booking_failed", count=len(events))
    if len(events) == 1:
        _log.error(
            "event.refused", event_id=events[0].event_id, reason=reason, message="it is kept in the intake"
        )
        return Booked(0, tuple(events))
    middle = len(events) // 2
    first, second = book_but_refused(book, events[:middle]), book_but_refused(book, events[middle:])
    return Booked(first.new_count + second.new_count, first.refused + second.refused)
