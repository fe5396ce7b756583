"""Booking many events of which the book may refuse some."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from services.common.errors import InvalidInput
from services.ledger.refusals import Refusal, write_but_refused
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Booked:
    """How many events were new to the book, and which it refused."""

    new_count: int
    refused: tuple[WebhookEvent, ...] = ()


def book_but_refused(book: Book, events: Sequence[WebhookEvent]) -> Booked:
    """Book events. Raises like write_but_refused; some may be booked by then."""
    new_counts, refusals = write_but_refused(book.record_events, events)
    for refusal in refusals:
        _tell(refusal)
    return Booked(sum(new_counts), tuple(refusal.fact for refusal in refusals))


def _tell(refusal: Refusal[WebhookEvent]) -> None:
    _log.error(
        "event.refused",
        event_id=refusal.fact.event_id,
        reason=refusal.reason,
        message="the book cannot take this event; it is kept in the intake until the next start",
        exc_info=None if isinstance(refusal.error, InvalidInput) else refusal.error,
    )
