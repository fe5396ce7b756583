"""The detail records of one call leg, type by type. Source: Telnyx facts, sections 3 and 4."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

from tests.sandbox.amounts import (
    CURRENCY,
    ON_NET_STEP_S,
    PSTN_STEP_S,
    ZERO,
    billed_seconds,
    cost_per_minute,
    record_text,
    scientific_text,
)
from tests.sandbox.clock import to_second_text, to_text
from tests.sandbox.ids import Ids
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord, Fields, make_record

PSTN_OUT = Decimal("0.005")
PSTN_IN = Decimal("0.0035")
ON_NET_FREE = ZERO
ON_NET_PAID = Decimal("0.002")
CALL_CONTROL = Decimal("0.002")
WEBRTC = Decimal("0.002")
RECORDING = Decimal("0.002")
AMD = Decimal("0.002")
AMD_PREMIUM = Decimal("0.0065")
STREAMING = Decimal("0.0035")
NOISE_SUPPRESSION = Decimal("0.003")
SIPREC = Decimal("0.001")
SPEECH_TO_TEXT = Decimal("0.015")
TEXT_TO_SPEECH_PER_CHARACTER = Decimal("7.0E-7")
ASSISTANT = Decimal("0.05")
CONFERENCE = Decimal("0.002")


class CallRecords:
    """Writes the records of one session's legs, with ids and texts from one seeded generator."""

    def __init__(self, rng: random.Random, ids: Ids) -> None:
        self._rng = rng
        self._ids = ids

    def sip_trunking(
        self, leg: Leg, rate: Decimal, *, clock_skew_s: int = 0, is_zero: bool = False
    ) -> DetailRecord:
        """The carriage. A zero twin stands beside the billed record and names the same leg."""
        skew = timedelta(seconds=clock_skew_s)
        talk_s = 0 if is_zero else leg.talk_s
        answered_at = None if is_zero or leg.answered_at is None else to_second_text(leg.answered_at + skew)
        values = {
            "call_control_id": leg.call_control_id,
            "telnyx_session_id": leg.call_session_id,
            "sip_call_id": leg.sip_call_id,
            "started_at": to_second_text(leg.start + skew),
            "answered_at": answered_at,
            "finished_at": to_second_text(leg.end + skew),
        }
        return self._timed("sip-trunking", leg, rate, talk_s, leg.start + skew, values)

    def call_control(self, leg: Leg, *, is_zero: bool = False) -> DetailRecord:
        talk_s = 0 if is_zero else leg.talk_s
        return self._timed("call-control", leg, CALL_CONTROL, talk_s, leg.start, self._telnyx_ids(leg))

    def webrtc(self, leg: Leg) -> DetailRecord:
        values = self._telnyx_ids(leg)
        return self._timed("webrtc", leg, WEBRTC, leg.talk_s, leg.start, values, step_s=PSTN_STEP_S)

    def recording(self, leg: Leg, started_at: datetime) -> DetailRecord:
        """Names the session alone: which leg was recorded cannot be read from it."""
        values = {
            "telnyx_session_id": leg.call_session_id,
            "started_at": to_text(started_at),
            "finished_at": to_text(leg.end),
        }
        recorded_s = round((leg.end - started_at) / timedelta(seconds=1))
        return self._timed(
            "recording", leg, RECORDING, recorded_s, started_at, values, step_s=PSTN_STEP_S, names_leg=False
        )

    def amd(self, leg: Leg, *, is_premium: bool) -> DetailRecord:
        """Billed per invocation, and never part of `call.cost`."""
        at = leg.answered_at or leg.start
        values = {
            **self._feature_ids(leg),
            "invoked_at": to_text(at),
            "feature": "PREMIUM" if is_premium else "STANDARD",
            "invocations": 1,
        }
        rate = AMD_PREMIUM if is_premium else AMD
        return self._make("amd", leg, at, rate, values, rate=rate, measured_in="invocations")

    def feature(self, type_name: str, leg: Leg, rate: Decimal, *, is_billable: bool = True) -> DetailRecord:
        """media-streaming, noise-suppression, siprec-client: per minute, with the leg's and the session's id."""
        at = leg.answered_at or leg.start
        values = {**self._feature_ids(leg), "started_at": to_text(at), "finished_at": to_text(leg.end)}
        return self._timed(
            type_name, leg, rate, leg.talk_s, at, values, step_s=PSTN_STEP_S, is_billable=is_billable
        )

    def speech_to_text(self, leg: Leg) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {**self._feature_ids(leg), "start_time": to_text(at), "end_time": to_text(leg.end)}
        return self._timed("stt", leg, SPEECH_TO_TEXT, leg.talk_s, at, values, step_s=PSTN_STEP_S)

    def text_to_speech(self, leg: Leg, characters: int, at: datetime) -> DetailRecord:
        """The amounts in scientific notation: `1.666E-4` at `7.0E-7` a character."""
        rate = TEXT_TO_SPEECH_PER_CHARACTER
        values = {
            **self._feature_ids(leg),
            "created_at": to_second_text(at),
            "provider": "elevenlabs",
            "number_of_characters": characters,
        }
        return self._make("tts", leg, at, rate * characters, values, rate=rate, measured_in="characters")

    def assistant(self, leg: Leg, conversation_id: str) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {
            **self._telnyx_ids(leg),
            "call_control_id": leg.call_control_id,
            "conversation_id": conversation_id,
            "created_at": to_second_text(at),
            "completed_at": to_second_text(leg.end),
            "duration_sec": leg.talk_s,
        }
        del values["started_at"], values["finished_at"]
        return self._timed("ai-voice-assistant", leg, ASSISTANT, leg.talk_s, at, values, step_s=PSTN_STEP_S)

    def conference_participant(self, leg: Leg, conference_id: str) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {
            **self._feature_ids(leg),
            "conference_id": conference_id,
            "joined_at": to_text(at),
            "left_at": to_text(leg.end),
        }
        return self._timed(
            "conference-participant", leg, CONFERENCE, leg.talk_s, at, values, step_s=PSTN_STEP_S
        )

    def conference(self, leg: Leg, conference_id: str, participants: int) -> DetailRecord:
        """Carries no money at all."""
        values = {
            **self._feature_ids(leg),
            "id": conference_id,
            "started_at": to_text(leg.start),
            "ended_at": to_text(leg.end),
            "name": "weekly",
            "participant_count": participants,
            "connection_id": leg.connection_id,
            "is_telnyx_billable": False,
        }
        return make_record(
            "conference",
            at=leg.start,
            values=values,
            charge=ZERO,
            rng=self._rng,
            session_id=leg.call_session_id,
        )

    def _telnyx_ids(self, leg: Leg) -> dict[str, object]:
        return {
            "telnyx_leg_id": leg.call_leg_id,
            "telnyx_session_id": leg.call_session_id,
            "started_at": to_text(leg.start),
            "finished_at": to_text(leg.end),
        }

    @staticmethod
    def _feature_ids(leg: Leg) -> dict[str, object]:
        return {"call_leg_id": leg.call_leg_id, "call_session_id": leg.call_session_id}

    def _timed(
        self,
        type_name: str,
        leg: Leg,
        rate: Decimal,
        seconds: int,
        at: datetime,
        values: Fields,
        *,
        step_s: int | None = None,
        names_leg: bool = True,
        is_billable: bool = True,
    ) -> DetailRecord:
        step = step_s or (ON_NET_STEP_S if leg.is_on_net else PSTN_STEP_S)
        billed_s = billed_seconds(seconds, step)
        return self._make(
            type_name,
            leg,
            at,
            cost_per_minute(rate, billed_s),
            {**values, "call_sec": seconds, "billed_sec": billed_s},
            rate=rate,
            measured_in="minutes",
            names_leg=names_leg,
            is_billable=is_billable,
        )

    def _make(
        self,
        type_name: str,
        leg: Leg,
        at: datetime,
        cost: Decimal,
        values: Fields,
        *,
        rate: Decimal,
        measured_in: str,
        names_leg: bool = True,
        is_billable: bool = True,
    ) -> DetailRecord:
        common = {
            "id": self._ids.uuid(),
            "cost": record_text(cost, self._rng),
            "rate": scientific_text(rate) if 0 < rate < Decimal("0.0001") else str(rate),
            "currency": CURRENCY,
            "rate_measured_in": measured_in,
            "is_telnyx_billable": is_billable,
            "direction": "inbound" if leg.direction == "incoming" else "outbound",
            "cli": leg.from_,
            "cld": leg.to,
            "country_code": "US",
            "connection_id": leg.connection_id,
            "billing_group_id": None,
            "tags": "",
        }
        return make_record(
            type_name,
            at=at,
            values={**common, **values},
            charge=cost if is_billable else ZERO,
            rng=self._rng,
            session_id=leg.call_session_id,
            leg_key=leg.call_leg_id if names_leg else None,
        )
