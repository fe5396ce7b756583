"""Webhook bodies in the shape of today's reference, and in the older shapes that are still seen.

Source: Telnyx facts, section 2.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.sandbox.clock import to_text
from tests.sandbox.legs import Leg

Envelope = Literal["data", "root", "created_at"]
Product = Literal["calls", "sms"]
Payload = dict[str, object]


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook. `body` has no `meta` yet: delivery adds it per attempt.

    `after_records`: Telnyx sends it only once the records of the same session can be seen.
    """

    product: Product
    event_type: str
    event_id: str
    body: Payload
    after_records: bool = False


def make_event(
    product: Product,
    event_type: str,
    event_id: str,
    occurred_at: datetime,
    payload: Payload,
    *,
    envelope: Envelope = "data",
    after_records: bool = False,
) -> Event:
    """Wrap a payload. `root` has no `data` around it; `created_at` stands in place of `occurred_at`."""
    time_name = "created_at" if envelope == "created_at" else "occurred_at"
    inner: Payload = {
        "record_type": "event",
        "event_type": event_type,
        "id": event_id,
        time_name: to_text(occurred_at),
        "payload": payload,
    }
    body: Payload = inner if envelope == "root" else {"data": inner}
    return Event(product, event_type, event_id, body, after_records)


def leg_ids(leg: Leg) -> Payload:
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": leg.connection_id,
        "client_state": leg.client_state,
    }


def _parties(leg: Leg) -> Payload:
    return {"from": leg.from_, "to": leg.to}


def initiated(leg: Leg) -> Payload:
    state = "parked" if leg.direction == "incoming" else "bridging"
    return {
        **leg_ids(leg),
        **_parties(leg),
        "direction": leg.direction,
        "state": state,
        "start_time": to_text(leg.start),
        "custom_headers": [],
        "tags": [],
    }


def answered(leg: Leg) -> Payload:
    return {
        **leg_ids(leg),
        **_parties(leg),
        "state": "answered",
        "start_time": to_text(leg.start),
        "tags": [],
    }


def bridged(leg: Leg) -> Payload:
    return {**leg_ids(leg), **_parties(leg), "start_time": to_text(leg.start)}


_SIP_CAUSES = {
    "normal_clearing": "200",
    "user_busy": "486",
    "no_answer": "480",
    "call_rejected": "603",
    "originator_cancel": "487",
}


def hangup(leg: Leg) -> Payload:
    """No cost and no talk time: `start_time` includes the ringing."""
    packets = str(50 * leg.talk_s)
    return {
        **leg_ids(leg),
        **_parties(leg),
        "state": "hangup",
        "start_time": to_text(leg.start),
        "end_time": to_text(leg.end),
        "hangup_cause": leg.hangup_cause,
        "hangup_source": "caller" if leg.hangup_cause == "originator_cancel" else "callee",
        "sip_hangup_cause": _SIP_CAUSES[leg.hangup_cause],
        "call_quality_stats": {
            "inbound": {"jitter_max_variance": "31.13", "mos": "4.50", "packet_count": packets},
            "outbound": {"packet_count": packets, "skip_packet_count": "0"},
        },
        "tags": [],
    }


def recording_saved(leg: Leg, recording_id: str | None, started_at: datetime) -> Payload:
    """Names the leg that was recorded; only some accounts get the recording's own id."""
    url = "https://recordings.telnyx.example/recording.mp3"
    payload: Payload = {
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": leg.connection_id,
        "client_state": leg.client_state,
        "channels": "dual",
        "recording_started_at": to_text(started_at),
        "recording_ended_at": to_text(leg.end),
        "recording_urls": {"mp3": url},
        "public_recording_urls": {},
    }
    return payload | ({"recording_id": recording_id} if recording_id else {})


def machine_detection_ended(leg: Leg, result: str) -> Payload:
    return {**leg_ids(leg), **_parties(leg), "result": result}


def streaming_started(leg: Leg) -> Payload:
    return {**leg_ids(leg), "stream_url": "wss://media.example/stream"}


def transcription(leg: Leg) -> Payload:
    data = {
        "confidence": 0.97,
        "is_final": True,
        "transcript": "good morning",
        "transcription_track": "inbound",
    }
    return {**leg_ids(leg), "transcription_data": data}


def conversation_ended(leg: Leg, conversation_id: str) -> Payload:
    return {
        **leg_ids(leg),
        **_parties(leg),
        "assistant_id": "assistant-11111111-2222-4333-8444-555555555555",
        "conversation_id": conversation_id,
        "calling_party_type": "sip" if leg.is_on_net else "pstn",
        "duration_sec": leg.talk_s,
        "llm_model": "example/large",
        "stt_model": "example/stt",
        "tts_provider": "telnyx",
        "tts_model_id": "Example",
        "tts_voice_id": "default",
        "messages": [],
        "reason": "normal",
    }


def conference_participant(leg: Leg, conference_id: str) -> Payload:
    """One of the many event types that say nothing about money: acknowledge and keep."""
    return {**leg_ids(leg), "conference_id": conference_id, "creator_call_session_id": leg.call_session_id}
