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
    except Exception as error:  # noqa: BLE001 - one event that nobody foresaw must not stop all that come after it
        if len(events) == 1:
            _tell_refusal(events[0], error)
            return Booked(0, tuple(events))
    middle = len(events) // 2
    first, second = book_but_refused(book, events[:middle]), book_but_refused(book, events[middle:])
    return Booked(first.new_count + second.new_count, first.refused + second.refused)


def _tell_refusal(event: WebhookEvent, error: Exception) -> None:
    _log.error(
        "event.refused",
        event_id=event.event_id,
        reason=error.detail if isinstance(error, InvalidInput) else "an unexpected failure",
        message="the book cannot take this event; it is kept in the intake until the next start",
        exc_info=None if isinstance(error, InvalidInput) else error,
    )
