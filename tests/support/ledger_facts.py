"""Facts for tests of the ledger: webhook events and detail records as telnyx-gateway and the edge hand them over.

Ids and numbers are synthetic. Times count in seconds from START.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from services.common.money import Money, parse_money
from services.telnyx_vocabulary.detail_record import DetailRecord, Direction
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CUSTOMER = "+12025550131"
OURS = "+12025550100"

_NAMES = uuid.UUID("6f1a3c52-8b7e-4f0d-9a51-2d3c4b5a6978")


def at(seconds: float) -> datetime:
    """A moment."""
    return START + timedelta(seconds=seconds)


def fixed_id(name: str) -> str:
    """The same UUID for the same name."""
    return str(uuid.uuid5(_NAMES, name))


def usd(amount: str) -> Money:
    return parse_money(amount, "USD")


@dataclass(frozen=True, slots=True)
class LegIds:
    """The ids of one leg in both systems; empty ones are not told."""

    session_id: str = ""
    call_control_id: str = ""
    leg_id: str = ""

    def event(self, event_type: str, at_s: float = 0, **fields: Any) -> WebhookEvent:
        """A webhook about this leg; its id follows from what it says unless `event_id` is given."""
        known: dict[str, Any] = {
            "event_id": "",
            "received_at": at(at_s + 1),
            "session_id": self.session_id,
            "call_control_id": self.call_control_id,
            "leg_id": self.leg_id,
            "direction": "outbound",
            "from_number": OURS,
            "to_number": CUSTOMER,
        }
        event = WebhookEvent(event_type=event_type, occurred_at=at(at_s), **(known | fields))
        return event if event.event_id else replace(event, event_id=fixed_id(repr(event)))

    def hangup(self, at_s: float = 60, cause: str = "normal_clearing", **fields: Any) -> WebhookEvent:
        """A hang-up at `at_s` of a call that began to ring at 0 s."""
        times = {"started_at": at(0), "ended_at": at(at_s), "hangup_cause": cause}
        return self.event("call.hangup", at_s, **(times | fields))

    def call_cost(
        self, at_s: float, parts: dict[str, str], total: str = "", status: str = "success", **fields: Any
    ) -> WebhookEvent:
        """A `call.cost` with parts by record type."""
        told = tuple(
            CostPart(record_type=name, cost=usd(amount), rate="0.005", billed_seconds=60)
            for name, amount in parts.items()
        )
        cost = CallCost(status=status, total=usd(total) if total else None, parts=told)
        return self.event("call.cost", at_s, call_cost=cost, **fields)

    def record(
        self, record_type: str, cost: str | None = "0.005", at_s: float = 0, **fields: Any
    ) -> DetailRecord:
        """A record of this leg that carries the ids which records of its type carry."""
        known = find_record_type(record_type)
        ids = {
            "session_id": self.session_id if known and known.session_field else "",
            "call_control_id": self.call_control_id if known and known.call_control_field else "",
            "leg_id": self.leg_id if known and known.leg_field else "",
        }
        return record(record_type, cost, at_s, **(ids | fields))


def leg(name: str = "leg", session: str = "session") -> LegIds:
    """A leg with all its ids."""
    return LegIds(
        session_id=fixed_id(f"session {session}"),
        call_control_id=f"v3:{fixed_id(f'call {name}')}",
        leg_id=fixed_id(f"leg {name}"),
    )


def record(
    record_type: str, cost: str | None = "0.005", at_s: float | None = 0, **fields: Any
) -> DetailRecord:
    """A detail record, seen 120 s after its own time unless `observed_s` is given."""
    observed_s = fields.pop("observed_s", (at_s or 0) + 120)
    known: dict[str, Any] = {
        "record_id": fixed_id(f"{record_type} {at_s} {cost} {sorted(fields.items())}"),
        "record_time": None if at_s is None else at(at_s),
        "direction": "outbound",
        "from_number": OURS,
        "to_number": CUSTOMER,
        "cost": None if cost is None else usd(cost),
        "rate": "0.005",
        "billed_seconds": 60,
        "call_seconds": 42,
    }
    return DetailRecord(record_type=record_type, observed_at=at(observed_s), **(known | fields))


def message(
    name: str, event_type: str = "message.finalized", total: str | None = None, at_s: float = 0, **fields: Any
) -> WebhookEvent:
    """A webhook about a message."""
    direction: Direction = "inbound" if event_type == "message.received" else "outbound"
    facts = MessageFacts(
        message_id=fixed_id(f"message {name}"),
        direction=direction,
        from_number=OURS if direction == "outbound" else CUSTOMER,
        to_number=CUSTOMER if direction == "outbound" else OURS,
        part_count=1,
        status="delivered",
        total=None if total is None else usd(total),
    )
    return LegIds().event(event_type, at_s, message=facts, direction=direction, **fields)


def message_record(name: str, cost: str | None = "0.0051", at_s: float = 0, **fields: Any) -> DetailRecord:
    """The detail record of a message."""
    defaults = {"record_id": fixed_id(f"message {name}"), "billed_seconds": None, "call_seconds": None}
    return record("messaging", cost, at_s, **(defaults | fields))
