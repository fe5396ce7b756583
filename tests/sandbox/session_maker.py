"""Puts one call session together: its legs, their webhooks in order, and their records."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tests.sandbox import events
from tests.sandbox.activity import Activity
from tests.sandbox.call_cost import CallCost, cost_payload
from tests.sandbox.call_records import PSTN_IN, PSTN_OUT, CallRecords
from tests.sandbox.events import Envelope, Event, Payload
from tests.sandbox.ids import Ids
from tests.sandbox.legs import HangupCause, Leg
from tests.sandbox.records import DetailRecord

CONNECTION_ID = "1494404757140276705"
_TALK_S = (1, 6, 7, 31, 59, 60, 61, 119, 120, 163, 240, 421)
_MAX_CLOCK_SKEW_S = 45


@dataclass(frozen=True, slots=True)
class Decoys:
    """Ids of an earlier session. They turn up again in other fields of later ones, and must not match there."""

    sip_call_id: str
    call_leg_id: str
    call_control_id: str | None


class SessionMaker:
    """Collects one session. `end` is when its last leg hung up."""

    def __init__(self, rng: random.Random, end: datetime, call_cost: CallCost, decoys: Decoys | None) -> None:
        self.rng = rng
        self.ids = Ids(rng)
        self.end = end
        self.decoys = decoys
        self.session_id = self.ids.uuid()
        self.write = CallRecords(rng, self.ids)
        self._call_cost = call_cost
        self._envelope: Envelope = rng.choices(("data", "root", "created_at"), weights=(90, 5, 5))[0]
        self._legs: list[Leg] = []
        self._events: list[tuple[datetime, Event]] = []
        self._records: list[DetailRecord] = []
        self._carriage: dict[str, list[DetailRecord]] = {}

    def draw_talk_s(self) -> int:
        """Lengths around the steps of billing, and ordinary ones."""
        return self.rng.choice(_TALK_S)

    def outbound(
        self, *, talk_s: int | None = None, from_: str = "", to: str = "", announced: bool = True
    ) -> Leg:
        from_ = from_ or self.ids.account_number()
        return self._answered_leg("outgoing", from_, to or self.ids.contact_number(), talk_s, announced)

    def inbound(self, *, talk_s: int | None = None, from_: str = "", announced: bool = True) -> Leg:
        from_ = from_ or self.ids.contact_number()
        return self._answered_leg("incoming", from_, self.ids.account_number(), talk_s, announced)

    def unanswered(self, cause: HangupCause) -> Leg:
        """A leg that rang and that nobody took."""
        start = self.end - timedelta(seconds=self.rng.randint(2, 45))
        return self._keep(
            Leg(
                call_control_id=self.ids.call_control_id(),
                call_leg_id=self.ids.uuid(),
                call_session_id=self.session_id,
                sip_call_id=self.ids.sip_call_id(),
                connection_id=CONNECTION_ID,
                direction="outgoing",
                from_=self.ids.account_number(),
                to=self.ids.contact_number(),
                start=start,
                answered_at=None,
                end=self.end,
                hangup_cause=cause,
            )
        )

    def replace_leg(self, leg: Leg) -> None:
        """Put another version of the last leg in its place."""
        self._legs[-1] = leg

    def carry(self, leg: Leg, rate: Decimal | None = None, *, zero_twins: bool | None = None) -> None:
        """The base of every leg: sip-trunking and call-control, now and then each with a zero twin beside it."""
        rate = rate if rate is not None else (PSTN_IN if leg.direction == "incoming" else PSTN_OUT)
        skew_s = self.rng.randint(-_MAX_CLOCK_SKEW_S, _MAX_CLOCK_SKEW_S) if self.rng.random() < 0.1 else 0
        self.keep_record(self.write.sip_trunking(leg, rate, clock_skew_s=skew_s), leg)
        self.keep_record(self.write.call_control(leg), leg)
        if zero_twins if zero_twins is not None else self.rng.random() < 0.25:
            self.keep_record(self.write.sip_trunking(leg, rate, is_zero=True), leg)
            self.keep_record(self.write.call_control(leg, is_zero=True), leg)

    def keep_record(self, record: DetailRecord, leg: Leg | None = None) -> DetailRecord:
        """Keep a record; with a leg, `call.cost` of that leg may count it."""
        self._records.append(record)
        if leg is not None:
            self._carriage.setdefault(leg.call_leg_id, []).append(record)
        return record

    def tell(self, event_type: str, at: datetime, payload: Payload) -> None:
        """Announce something that happened in the middle of the session, or just after it."""
        event = events.make_event("calls", event_type, self.ids.uuid(), at, payload, envelope=self._envelope)
        self._events.append((at, event))

    def finish(self, kind: str) -> Activity:
        """The session as a whole, with the frame of webhooks that every announced leg has."""
        for leg in self._legs:
            if leg.announced:
                self._tell_frame(leg)
        self._events.sort(key=lambda told: told[0])
        ordered = tuple(event for _, event in self._events)
        return Activity(
            "call", kind, self.session_id, self.end, tuple(self._legs), ordered, tuple(self._records)
        )

    def _tell_frame(self, leg: Leg) -> None:
        self.tell("call.initiated", leg.start, events.initiated(leg))
        if leg.answered_at is not None:
            self.tell("call.answered", leg.answered_at, events.answered(leg))
            self._tell_cost(leg)
        self.tell("call.hangup", leg.end, events.hangup(leg))

    def _tell_cost(self, leg: Leg) -> None:
        if self._call_cost.when == "never":
            return
        before = self._call_cost.when == "before-hangup"
        at = leg.end + timedelta(seconds=-0.2 if before else 1.5)
        event = events.make_event(
            "calls",
            "call.cost",
            self.ids.uuid(),
            at,
            cost_payload(leg, self._carriage.get(leg.call_leg_id, []), self._call_cost.form),
            envelope=self._envelope,
            after_records=self._call_cost.when == "after-records",
        )
        self._events.append((at, event))

    def _answered_leg(self, direction: str, from_: str, to: str, talk_s: int | None, announced: bool) -> Leg:
        talk_s = talk_s or self.draw_talk_s()
        answered_at = self.end - timedelta(seconds=talk_s)
        return self._keep(
            Leg(
                call_control_id=self.ids.call_control_id(),
                call_leg_id=self.ids.uuid(),
                call_session_id=self.session_id,
                sip_call_id=self.ids.sip_call_id(),
                connection_id=CONNECTION_ID,
                direction="incoming" if direction == "incoming" else "outgoing",
                from_=from_,
                to=to,
                start=answered_at
                - timedelta(seconds=self.rng.randint(1, 20), milliseconds=self.rng.randint(0, 999)),
                answered_at=answered_at,
                end=self.end,
                client_state=self.rng.choice((None, "aGF2ZSBhIG5pY2UgZGF5")),
                announced=announced,
            )
        )

    def _keep(self, leg: Leg) -> Leg:
        self._legs.append(leg)
        return leg
