"""What happened on the account: one call session, one message, or one other thing that costs money."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.sandbox.events import Event
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord

Category = Literal["call", "message", "other"]


@dataclass(frozen=True, slots=True)
class Activity:
    """`key` is the call_session_id, the message's id, or `<record type>:<record id>`.

    `events` are in the order in which Telnyx means to send them.
    """

    category: Category
    kind: str
    key: str
    end: datetime
    legs: tuple[Leg, ...]
    events: tuple[Event, ...]
    records: tuple[DetailRecord, ...]
