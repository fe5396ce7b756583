"""A webhook of Telnyx as Tollbook understands it, whatever its event type."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.common.money import Money
from services.telnyx_vocabulary.detail_record import Direction

UNREADABLE_EVENT = "unreadable"
"""The event type of a correctly signed body that could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """One part of a `call.cost`: the same charge as the records of `record_type` (Telnyx facts, section 4)."""

    record_type: str
    cost: Money | None = None
    rate: str = ""
    billed_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCost:
    """What a webhook said a leg cost. Amounts that are absent or cannot be read are None."""

    status: str = ""
    total: Money | None = None
    parts: tuple[CostPart, ...] = ()

    @property
    def is_error(self) -> bool:
        """`status: "error"` means no cost yet; every other word is accepted (Telnyx facts, section 2)."""
        return self.status == "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """What a message webhook said. `total` is None where Telnyx has not priced the message (yet)."""

    message_id: str
    direction: Direction = ""
    from_number: str = ""
    to_number: str = ""
    part_count: int = 0
    status: str = ""
    total: Money | None = None
    carrier_fee: Money | None = None
    completed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """One webhook delivery.

    `event_id` is Telnyx's `data.id`, or `sha256:<hex of the body>` where there is none. `occurred_at` falls back
    to the time of receipt. `quarantined`: correctly signed but too old to act upon until a record confirms it.
    `unreadable` has a sentence for each field that could not be read. `raw` is the body as received.
    """

    event_id: str
    event_type: str
    occurred_at: datetime
    received_at: datetime
    quarantined: bool = False
    session_id: str = ""
    call_control_id: str = ""
    leg_id: str = ""
    connection_id: str = ""
    client_state: str = ""
    direction: Direction = ""
    from_number: str = ""
    to_number: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    hangup_cause: str = ""
    recording_id: str = ""
    tags: tuple[str, ...] = ()
    call_cost: CallCost | None = None
    message: MessageFacts | None = None
    unreadable: tuple[str, ...] = ()
    raw: bytes = b""


def body_id(body: bytes) -> str:
    """The id of an event that has none of its own."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
