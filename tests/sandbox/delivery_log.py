"""What became of each webhook that Telnyx tried to deliver. Source: Telnyx facts, section 6 (webhook_deliveries)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.sandbox.answers import bad_request
from tests.sandbox.clock import from_text, to_text

MAX_KEPT = 50_000
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Attempt:
    """`status` is that of the answer, None where there was none."""

    started_at: datetime
    finished_at: datetime
    url: str
    status: int | None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """All attempts to deliver one webhook; `webhook` is the event without its envelope, or any text."""

    delivery_id: str
    webhook: object
    attempts: tuple[Attempt, ...]

    @property
    def status(self) -> str:
        return "delivered" if self.attempts[-1].is_taken else "failed"

    @property
    def started_at(self) -> datetime:
        return self.attempts[0].started_at


@dataclass(slots=True)
class DeliveryLog:
    """The latest deliveries of one account."""

    _deliveries: list[Delivery] = field(default_factory=list)

    def add(self, delivery: Delivery) -> None:
        self._deliveries.append(delivery)
        del self._deliveries[:-MAX_KEPT]

    def taken_ids(self) -> list[str]:
        """The ids of the events that somebody has acknowledged; of what has none, nothing."""
        return [
            str(each.webhook["id"])
            for each in self._deliveries
            if each.status == "delivered" and isinstance(each.webhook, dict) and "id" in each.webhook
        ]

    def matching(self, parameters: Mapping[str, str]) -> Sequence[Row]:
        """Newest first. Raises ApiError 400 for a filter that cannot be read."""
        status = parameters.get("filter[status][eq]")
        since = _time(parameters, "filter[started_at][gte]")
        until = _time(parameters, "filter[started_at][lte]")
        found = [
            each
            for each in self._deliveries
            if (status is None or each.status == status)
            and (since is None or each.started_at >= since)
            and (until is None or each.started_at <= until)
        ]
        found.sort(key=lambda each: each.started_at, reverse=True)
        return [_row(each) for each in found]


def _row(delivery: Delivery) -> Row:
    return {
        "record_type": "webhook_delivery",
        "id": delivery.delivery_id,
        "user_id": "11111111-2222-4333-8444-555555555555",
        "status": delivery.status,
        "started_at": to_text(delivery.started_at),
        "finished_at": to_text(delivery.attempts[-1].finished_at),
        "webhook": delivery.webhook,
        "attempts": [_attempt(each) for each in reversed(delivery.attempts)],
    }


def _attempt(attempt: Attempt) -> Row:
    return {
        "status": "delivered" if attempt.is_taken else "failed",
        "started_at": to_text(attempt.started_at),
        "finished_at": to_text(attempt.finished_at),
        "http": {
            "request": {"url": attempt.url},
            "response": None if attempt.status is None else {"status": attempt.status},
        },
        "errors": [] if attempt.is_taken else [75001],
    }


def _time(parameters: Mapping[str, str], name: str) -> datetime | None:
    text = parameters.get(name)
    try:
        return None if text is None else from_text(text)
    except ValueError:
        raise bad_request(f"Filter value is invalid: {name}") from None
