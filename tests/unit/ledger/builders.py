"""Facts for the ledger's tests, read from what Telnyx sends: webhook bodies and rows with their real field names.

Each row also carries ids in fields that its type does not have. They are all the same decoy: a reader that matched
by them would join every leg into one. Times are seconds from START; amounts are decimal text.
"""

import base64
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.common.money import parse_nanos
from services.common.times import format_rfc3339
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.records import read_record
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event

START = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
HOUR = 3600
DAY = 24 * HOUR
ACCOUNT_NUMBER = "+12025550123"
CUSTOMER_NUMBER = "+12025550131"


def at(seconds: float) -> datetime:
    """So many seconds after START."""
    return START + timedelta(seconds=seconds)


def nanos(amount: str) -> int:
    """Decimal text in nanos."""
    return parse_nanos(amount)


def uid(name: str) -> str:
    """A UUID that is always the same for a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def control_id(name: str) -> str:
    """A call_control_id in today's form."""
    digest = hashlib.sha256(name.encode()).digest()
    return "v3:" + base64.urlsafe_b64encode(digest + digest[:6]).decode()


DECOY_UUID = uid("decoy")
DECOY_CONTROL_ID = control_id("decoy")
SESSION = uid("session")
OTHER_SESSION = uid("other session")


@dataclass(frozen=True)
class LegIds:
    """What Telnyx calls one leg, in each of its id systems."""

    call_control_id: str
    call_leg_id: str
    call_session_id: str
    sip_call_id: str
    to: str = CUSTOMER_NUMBER

    @property
    def names(self) -> dict[str, str]:
        """As webhooks name it."""
        return {
            "call_control_id": self.call_control_id,
            "call_leg_id": self.call_leg_id,
            "call_session_id": self.call_session_id,
        }


def leg(name: str, session_id: str = SESSION, to: str = CUSTOMER_NUMBER) -> LegIds:
    """A leg with ids of its own."""
    return LegIds(control_id(name), uid(f"leg {name}"), session_id, f"{name}@sip.example.test", to)


CUSTOMER = leg("customer")
AGENT = leg("agent", to="sip:agent@example.test")
TWIN = leg("twin", to="sip:agent@example.test")


def webhook(
    event_type: str,
    payload: dict[str, Any],
    when: float,
    *,
    name: str = "",
    received: float | None = None,
    quarantined: bool = False,
) -> WebhookEvent:
    """A webhook as it is received; `name` tells two of the same type, payload and time apart."""
    identity = json.dumps([event_type, payload, when, name])
    data = {
        "record_type": "event",
        "event_type": event_type,
        "id": uid(identity),
        "occurred_at": format_rfc3339(at(when)),
        "payload": payload,
    }
    meta = {"attempt": 1, "delivered_to": "https://tollbook.example.test/api/telnyx/webhooks/calls"}
    body = json.dumps({"data": data, "meta": meta}).encode()
    return read_event(body, at(when + 1 if received is None else received), quarantined)


def call_event(ids: LegIds, event_type: str, when: float, **extra: Any) -> WebhookEvent:
    """A webhook that names a leg in both id systems, as Telnyx's do."""
    keywords = {key: extra.pop(key) for key in ("name", "received", "quarantined") if key in extra}
    payload = {**ids.names, "direction": "outgoing", "from": ACCOUNT_NUMBER, "to": ids.to, **extra}
    return webhook(event_type, payload, when, **keywords)


def initiated(ids: LegIds, when: float = 0, **extra: Any) -> WebhookEvent:
    return call_event(ids, "call.initiated", when, **extra)


def answered(ids: LegIds, when: float = 5, **extra: Any) -> WebhookEvent:
    return call_event(ids, "call.answered", when, **extra)


def hangup(
    ids: LegIds, when: float = 168, start: float | None = 0, cause: str = "normal_clearing", **extra: Any
) -> WebhookEvent:
    """A hang-up; its `start_time` includes ringing."""
    start_time = None if start is None else format_rfc3339(at(start))
    times = {"start_time": start_time, "end_time": format_rfc3339(at(when))}
    return call_event(ids, "call.hangup", when, **{**times, "hangup_cause": cause, **extra})


def call_cost(ids: LegIds, *parts: dict[str, Any], when: float = 170, **extra: Any) -> WebhookEvent:
    """A call.cost with these parts; `total_cost` and `status` can be given too."""
    fields: dict[str, Any] = {"status": "success", "cost_parts": list(parts), **extra}
    return call_event(ids, "call.cost", when, **fields)


def cost_part(call_part: str, cost: Any, billed: int = 180, currency: str = "USD") -> dict[str, Any]:
    """One of the `cost_parts`."""
    return {
        "call_part": call_part,
        "cost": cost,
        "rate": "0.005",
        "currency": currency,
        "billed_duration_secs": billed,
    }


def recording_saved(ids: LegIds, recording_id: str = "", when: float = 169, **extra: Any) -> WebhookEvent:
    return call_event(ids, "call.recording.saved", when, recording_id=recording_id or None, **extra)


def machine_detected(ids: LegIds, when: float = 7, **extra: Any) -> WebhookEvent:
    return call_event(ids, "call.machine.detection.ended", when, result="human", **extra)


def answered_call(ids: LegIds, start: float = 0) -> list[WebhookEvent]:
    """A call of 163 s, told in full: the estimate is 3 minutes."""
    return [
        initiated(ids, start),
        answered(ids, start + 5),
        hangup(ids, start + 168, start=start),
    ]


def unanswered_call(ids: LegIds, cause: str = "user_busy", start: float = 0) -> list[WebhookEvent]:
    return [initiated(ids, start), hangup(ids, start + 30, start=start, cause=cause)]


def row(record_type: str, fields: dict[str, Any], name: str, seen: float = 200) -> DetailRecord:
    """A row of the Detail Records API, read `seen` seconds after START. A field that is None is absent."""
    known = find_record_type(record_type)
    assert known is not None
    decoys = {
        "call_control_id": DECOY_CONTROL_ID,
        "call_leg_id": DECOY_UUID,
        "telnyx_leg_id": DECOY_UUID,
        "call_session_id": DECOY_UUID,
        "telnyx_session_id": DECOY_UUID,
        "sip_call_id": DECOY_UUID,
    }
    own = {known.call_control_field, known.leg_field, known.session_field, known.sip_call_field}
    common = {
        known.id_field: uid(f"{record_type} record {name}"),
        "record_type": f"{record_type}_detail_record",
        "direction": "outgoing",
        "cli": ACCOUNT_NUMBER,
        "cld": CUSTOMER_NUMBER,
        "currency": "USD",
        "is_telnyx_billable": True,
    }
    values = {**{key: value for key, value in decoys.items() if key not in own}, **common, **fields}
    raw = json.dumps({key: value for key, value in values.items() if value is not None}).encode()
    return read_record(raw, known, at(seen))


def sip_trunking(
    ids: LegIds, cost: Any = "0.0150", billed: int | None = 180, *, start: float = 0, **extra: Any
) -> DetailRecord:
    """The carriage of a leg; `name` and `seen` as for `row`, everything else is a field."""
    name, seen = extra.pop("name", ids.call_control_id), extra.pop("seen", 200)
    fields = {
        "call_control_id": ids.call_control_id,
        "telnyx_session_id": ids.call_session_id,
        "sip_call_id": ids.sip_call_id,
        "cost": cost,
        "rate": "0.005",
        "billed_sec": billed,
        "call_sec": 163 if billed else 0,
        "started_at": format_rfc3339(at(start)),
    }
    return row("sip-trunking", {**fields, **extra}, name, seen)


def call_control(
    ids: LegIds, cost: Any = "0.0060", billed: int | None = 180, *, start: float = 0, **extra: Any
) -> DetailRecord:
    name, seen = extra.pop("name", ids.call_control_id), extra.pop("seen", 200)
    fields = {
        "telnyx_leg_id": ids.call_leg_id,
        "telnyx_session_id": ids.call_session_id,
        "cost": cost,
        "rate": "0.002",
        "billed_sec": billed,
        "call_sec": 163 if billed else 0,
        "started_at": format_rfc3339(at(start)),
    }
    return row("call-control", {**fields, **extra}, name, seen)


def amd(ids: LegIds, cost: Any = "0.0020", *, start: float = 6, **extra: Any) -> DetailRecord:
    """One machine detection: billed per invocation, without any time."""
    name, seen = extra.pop("name", ids.call_control_id), extra.pop("seen", 200)
    fields = {
        "call_leg_id": ids.call_leg_id,
        "call_session_id": ids.call_session_id,
        "cost": cost,
        "rate": "0.002",
        "rate_measured_in": "invocations",
        "invoked_at": format_rfc3339(at(start)),
    }
    return row("amd", {**fields, **extra}, name, seen)


def recording(
    session_id: str = SESSION, cost: Any = "0.0060", billed: int = 180, *, start: float = 5, **extra: Any
) -> DetailRecord:
    """A recording: it names its session alone, and its recording at best."""
    name, seen = extra.pop("name", session_id), extra.pop("seen", 200)
    fields = {
        "telnyx_session_id": session_id,
        "cost": cost,
        "rate": "0.002",
        "billed_sec": billed,
        "call_sec": billed,
        "started_at": format_rfc3339(at(start)),
    }
    return row("recording", {**fields, **extra}, name, seen)


def message_webhook(
    message_id: str, event_type: str = "message.finalized", cost: Any = None, when: float = 3, **extra: Any
) -> WebhookEvent:
    """A message's webhook; `cost` is `{amount, currency}`, an amount in USD, or None."""
    keywords = {key: extra.pop(key) for key in ("name", "received", "quarantined") if key in extra}
    priced = {"amount": cost, "currency": "USD"} if isinstance(cost, str) else cost
    payload = {
        "id": message_id,
        "direction": "outbound",
        "from": {"phone_number": ACCOUNT_NUMBER},
        "to": [{"phone_number": CUSTOMER_NUMBER, "status": "delivered"}],
        "parts": 1,
        "type": "SMS",
        "cost": priced,
        **extra,
    }
    return webhook(event_type, payload, when, **keywords)


def message_record(message_id: str, cost: Any = "0.0051", *, start: float = 0, **extra: Any) -> DetailRecord:
    name, seen = extra.pop("name", message_id), extra.pop("seen", 200)
    fields = {"uuid": message_id, "cost": cost, "created_at": format_rfc3339(at(start))}
    return row("messaging", {**fields, **extra}, name, seen)
