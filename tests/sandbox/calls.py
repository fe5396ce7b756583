"""The kinds of call sessions. Source: Telnyx facts, sections 1 and 4."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.sandbox import events
from tests.sandbox.activity import Activity
from tests.sandbox.call_cost import CallCost
from tests.sandbox.call_records import NOISE_SUPPRESSION, ON_NET_FREE, ON_NET_PAID, PSTN_IN, SIPREC, STREAMING
from tests.sandbox.legs import HangupCause, Leg
from tests.sandbox.others import inference_record
from tests.sandbox.session_maker import Decoys, SessionMaker

Kind = Callable[[SessionMaker], None]


def pstn_outbound(session: SessionMaker) -> None:
    leg = session.outbound()
    session.carry(leg)
    session.tell("call.playback.started", leg.start + timedelta(seconds=1), events.leg_ids(leg))


def dialer(session: SessionMaker) -> None:
    """The table of the facts, section 4: customer leg, agent leg, and a credential twin that no webhook shows."""
    talk_s = session.rng.choice((163, 59, 61))
    agent_talk_s = talk_s + session.rng.choice((23, 18))
    customer = session.outbound(talk_s=talk_s)
    agent = session.outbound(talk_s=agent_talk_s, to=session.ids.sip_address())
    twin = session.outbound(talk_s=agent_talk_s, to=agent.to, announced=False)
    session.carry(customer, zero_twins=True)
    session.carry(agent, ON_NET_FREE, zero_twins=False)
    session.keep_record(session.write.sip_trunking(twin, ON_NET_PAID))
    _record_amd(session, customer, is_premium=False)
    _record_recording(session, customer)
    for leg in (customer, agent):
        session.tell("call.bridged", _middle(leg), events.bridged(leg))


def busy(session: SessionMaker) -> None:
    _unanswered(session, "user_busy")


def no_answer(session: SessionMaker) -> None:
    _unanswered(session, "no_answer")


def rejected(session: SessionMaker) -> None:
    _unanswered(session, "call_rejected")


def cancelled(session: SessionMaker) -> None:
    _unanswered(session, "originator_cancel")


def inbound(session: SessionMaker) -> None:
    session.carry(session.inbound())


def amd(session: SessionMaker) -> None:
    leg = session.outbound()
    session.carry(leg)
    _record_amd(session, leg, is_premium=session.rng.random() < 0.5)


def recording(session: SessionMaker) -> None:
    """Two legs of one session, both recorded: the records name the session only."""
    caller = session.inbound()
    callee = session.outbound(from_=caller.from_)
    for leg in (caller, callee):
        session.carry(leg)
        _record_recording(session, leg)


def assistant(session: SessionMaker) -> None:
    """An AI assistant; its inference names the conversation alone, so it belongs to no call."""
    leg = session.inbound()
    conversation_id = session.ids.uuid()
    session.carry(leg)
    session.keep_record(session.write.assistant(leg, conversation_id))
    session.keep_record(session.write.speech_to_text(leg))
    for n in range(session.rng.randint(1, 3)):
        at = (leg.answered_at or leg.start) + timedelta(milliseconds=200 * n)
        session.keep_record(session.write.text_to_speech(leg, session.rng.randint(20, 900), at))
    session.keep_record(inference_record(session.rng, session.ids, _middle(leg), conversation_id))
    session.tell("call.transcription", _middle(leg), events.transcription(leg))
    session.tell("call.conversation.ended", leg.end, events.conversation_ended(leg, conversation_id))


def webrtc(session: SessionMaker) -> None:
    """A browser's leg is billed three times over: webrtc, call-control and sip-trunking."""
    leg = session.outbound(from_=session.ids.sip_address())
    session.carry(leg, ON_NET_PAID)
    session.keep_record(session.write.webrtc(leg))


def streaming(session: SessionMaker) -> None:
    leg = session.inbound()
    session.carry(leg)
    session.keep_record(session.write.feature("media-streaming", leg, STREAMING))
    session.tell("streaming.started", leg.answered_at or leg.start, events.streaming_started(leg))


def conference(session: SessionMaker) -> None:
    """Two participants. The conference's id is a leg id of an earlier call, and must not lead there."""
    legs = (session.inbound(), session.outbound())
    conference_id = session.decoys.call_leg_id if session.decoys else session.ids.uuid()
    for leg in legs:
        session.carry(leg)
        session.keep_record(session.write.conference_participant(leg, conference_id))
        session.tell(
            "conference.participant.joined", _middle(leg), events.conference_participant(leg, conference_id)
        )
    session.keep_record(session.write.conference(legs[0], conference_id, len(legs)))


def features(session: SessionMaker) -> None:
    """Features that no webhook announces; one of them shows a cost that is not charged."""
    leg = session.outbound()
    session.carry(leg)
    session.keep_record(session.write.feature("siprec-client", leg, SIPREC))
    session.keep_record(session.write.feature("noise-suppression", leg, NOISE_SUPPRESSION, is_billable=False))


def sip_only(session: SessionMaker) -> None:
    """A call without webhook and call_control_id. Its SIP Call-ID was used in another session before."""
    leg = replace(session.inbound(announced=False), call_control_id=None)
    if session.decoys is not None:
        leg = replace(leg, sip_call_id=session.decoys.sip_call_id)
    session.replace_leg(leg)
    session.keep_record(session.write.sip_trunking(leg, PSTN_IN))
    session.keep_record(session.write.sip_trunking(leg, PSTN_IN, is_zero=True))


CALL_KINDS: dict[str, Kind] = {
    kind.__name__.replace("_", "-"): kind
    for kind in (
        pstn_outbound,
        dialer,
        busy,
        no_answer,
        rejected,
        cancelled,
        inbound,
        amd,
        recording,
        assistant,
        webrtc,
        streaming,
        conference,
        features,
        sip_only,
    )
}


def make_call(
    kind: str,
    rng: random.Random,
    end: datetime,
    call_cost: CallCost | None = None,
    decoys: Decoys | None = None,
) -> Activity:
    """One session of a kind that ended at `end`. Raises KeyError for an unknown kind."""
    session = SessionMaker(rng, end, call_cost or CallCost.drawn(rng), decoys)
    CALL_KINDS[kind](session)
    return session.finish(kind)


def _unanswered(session: SessionMaker, cause: HangupCause) -> None:
    """Usually costs nothing: the records are zero, or there are none."""
    leg = session.unanswered(cause)
    if session.rng.random() < 0.5:
        session.carry(leg, zero_twins=False)


def _record_amd(session: SessionMaker, leg: Leg, *, is_premium: bool) -> None:
    session.keep_record(session.write.amd(leg, is_premium=is_premium))
    name = "call.machine.premium.detection.ended" if is_premium else "call.machine.detection.ended"
    result = session.rng.choice(("machine", "human_residence" if is_premium else "human"))
    session.tell(name, _middle(leg), events.machine_detection_ended(leg, result))


def _record_recording(session: SessionMaker, leg: Leg) -> None:
    started_at = leg.answered_at or leg.start
    record = session.keep_record(session.write.recording(leg, started_at), leg)
    named = record.record_id if session.rng.random() < 0.5 else None
    saved_at = leg.end + timedelta(seconds=0.8)
    session.tell("call.recording.saved", saved_at, events.recording_saved(leg, named, started_at))


def _middle(leg: Leg) -> datetime:
    answered_at = leg.answered_at or leg.start
    return answered_at + (leg.end - answered_at) / 2
