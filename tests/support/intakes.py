"""Intakes for tests: what is taken in, and bookings that begin when a test says so."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Event

import pytest

from services.common.money import Money
from services.ledger.intake.admission_rule import IntakeLimits
from services.ledger.intake.intake import Intake
from services.ledger.intake.requests import request_of
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.ledger_facts import leg, message

NEVER_AT_ONCE = IntakeLimits(at_once_events=-1)


def hangups(*names: str) -> list[WebhookEvent]:
    """One call for each name has just ended."""
    return [leg(name, name).hangup() for name in names]


def many_hangups(count: int, of: str = "call") -> list[WebhookEvent]:
    """So many calls have just ended."""
    return hangups(*(f"{of} {number}" for number in range(count)))


def refused_event(name: str = "refused") -> WebhookEvent:
    """An event that is admitted, and that no book can hold: its amount is beyond 64 bits of nanos."""
    event = message(name, total="1")
    if event.message is None:
        raise AssertionError("a message's webhook tells of a message")
    return replace(event, message=replace(event.message, total=Money("USD", 2**63)))


async def take_in(intake: Intake, events: Sequence[WebhookEvent]) -> int:
    """Hand events to an intake as the service does."""
    return await intake.record(list(events), lambda: request_of(events))


class BookingGate:
    """Holds all bookings of webhook events until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._opened = Event()
        self.sizes: list[int] = []
        record_events = Book.record_events

        def gated(book: Book, batch: list[WebhookEvent]) -> int:
            self.sizes.append(len(batch))
            if not self._opened.wait(timeout=30):
                raise AssertionError("the gate was never opened")
            return record_events(book, batch)

        monkeypatch.setattr(Book, "record_events", gated)

    def open(self) -> None:
        """Let all bookings go on."""
        self._opened.set()
