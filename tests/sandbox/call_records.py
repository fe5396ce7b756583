"""The detail records of one call leg, type by type. Source: Telnyx facts, sections 3 and 4."""

from datetime import datetime, timedelta
from decimal import Decimal

from tests.sandbox.amounts import PSTN_STEP_S, ZERO
from tests.sandbox.clock import to_second_text, to_text
from tests.sandbox.legs import Leg
from tests.sandbox.record_writer import RecordWriter
from tests.sandbox.records import DetailRecord, make_record

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


class CallRecords(RecordWriter):
    """Writes the records of one session's legs."""

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
        return self.timed("sip-trunking", leg, rate, talk_s, leg.start + skew, values)

    def call_control(self, leg: Leg, *, is_zero: bool = False) -> DetailRecord:
        talk_s = 0 if is_zero else leg.talk_s
        return self.timed("call-control", leg, CALL_CONTROL, talk_s, leg.start, _telnyx_ids(leg))

    def webrtc(self, leg: Leg) -> DetailRecord:
        values = _telnyx_ids(leg)
        return self.timed("webrtc", leg, WEBRTC, leg.talk_s, leg.start, values, step_s=PSTN_STEP_S)

    def recording(self, leg: Leg, started_at: datetime) -> DetailRecord:
        """Names the session alone: which leg was recorded cannot be read from it."""
        values = {
            "telnyx_session_id": leg.call_session_id,
            "started_at": to_text(started_at),
            "finished_at": to_text(leg.end),
        }
        recorded_s = round((leg.end - started_at) / timedelta(seconds=1))
        return self.timed(
            "recording", leg, RECORDING, recorded_s, started_at, values, step_s=PSTN_STEP_S, names_leg=False
        )

    def amd(self, leg: Leg, *, is_premium: bool) -> DetailRecord:
        """Billed per invocation, and never part of `call.cost`."""
        at = leg.answered_at or leg.start
        values = {
            **_feature_ids(leg),
            "invoked_at": to_text(at),
            "feature": "PREMIUM" if is_premium else "STANDARD",
            "invocations": 1,
        }
        rate = AMD_PREMIUM if is_premium else AMD
        return self.priced("amd", leg, at, rate, values, rate=rate, measured_in="invocations")

    def feature(self, type_name: str, leg: Leg, rate: Decimal, *, is_billable: bool = True) -> DetailRecord:
        """media-streaming, noise-suppression, siprec-client: per minute, with the leg's and the session's id."""
        at = leg.answered_at or leg.start
        values = {**_feature_ids(leg), "started_at": to_text(at), "finished_at": to_text(leg.end)}
        return self.timed(
            type_name, leg, rate, leg.talk_s, at, values, step_s=PSTN_STEP_S, is_billable=is_billable
        )

    def speech_to_text(self, leg: Leg) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {**_feature_ids(leg), "start_time": to_text(at), "end_time": to_text(leg.end)}
        return self.timed("stt", leg, SPEECH_TO_TEXT, leg.talk_s, at, values, step_s=PSTN_STEP_S)

    def text_to_speech(self, leg: Leg, characters: int, at: datetime) -> DetailRecord:
        """The amounts in scientific notation: `1.666E-4` at `7.0E-7` a character."""
        rate = TEXT_TO_SPEECH_PER_CHARACTER
        values = {
            **_feature_ids(leg),
            "created_at": to_second_text(at),
            "provider": "elevenlabs",
            "number_of_characters": characters,
        }
        return self.priced("tts", leg, at, rate * characters, values, rate=rate, measured_in="characters")

    def assistant(self, leg: Leg, conversation_id: str) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {
            **_telnyx_ids(leg),
            "call_control_id": leg.call_control_id,
            "conversation_id": conversation_id,
            "created_at": to_second_text(at),
            "completed_at": to_second_text(leg.end),
            "duration_sec": leg.talk_s,
        }
        del values["started_at"], values["finished_at"]
        return self.timed("ai-voice-assistant", leg, ASSISTANT, leg.talk_s, at, values, step_s=PSTN_STEP_S)

    def conference_participant(self, leg: Leg, conference_id: str) -> DetailRecord:
        at = leg.answered_at or leg.start
        values = {
            **_feature_ids(leg),
            "conference_id": conference_id,
            "joined_at": to_text(at),
            "left_at": to_text(leg.end),
        }
        return self.timed(
            "conference-participant", leg, CONFERENCE, leg.talk_s, at, values, step_s=PSTN_STEP_S
        )

    def conference(self, leg: Leg, conference_id: str, participants: int) -> DetailRecord:
        """Carries no money at all."""
        values = {
            **_feature_ids(leg),
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
            rng=self.rng,
            session_id=leg.call_session_id,
        )


def _telnyx_ids(leg: Leg) -> dict[str, object]:
    return {
        "telnyx_leg_id": leg.call_leg_id,
        "telnyx_session_id": leg.call_session_id,
        "started_at": to_text(leg.start),
        "finished_at": to_text(leg.end),
    }


def _feature_ids(leg: Leg) -> dict[str, object]:
    return {"call_leg_id": leg.call_leg_id, "call_session_id": leg.call_session_id}
