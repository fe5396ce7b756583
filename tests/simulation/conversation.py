"""One conversation as it happens: the legs that are told of, the records that will be written, and their prices."""

from dataclasses import dataclass, field, replace

from services.common.money import Money
from services.telnyx_vocabulary.webhook_event import CallCost, CostPart, MessageFacts, WebhookEvent
from tests.simulation import tariff
from tests.simulation.ids import Ids
from tests.simulation.rows import RowFields, moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One call leg. Times are seconds of the simulation; `talk_s` is 0 for a call that nobody answered."""

    session_id: str
    call_control_id: str
    leg_id: str
    direction: str
    from_number: str
    to_number: str
    start_s: float
    ring_s: float
    talk_s: int

    @property
    def end_s(self) -> float:
        """When it was hung up."""
        return self.start_s + self.ring_s + self.talk_s


@dataclass(slots=True)
class Conversation:
    """All that one session, message or other use of the account leaves behind."""

    ids: Ids
    key: str
    events: list[WebhookEvent] = field(default_factory=list)
    rows: list[RowFields] = field(default_factory=list)
    end_s: float = 0.0

    def leg(
        self, direction: str, from_number: str, to_number: str, start_s: float, ring_s: float, talk_s: int
    ) -> Leg:
        """A new leg of this session."""
        leg = Leg(
            session_id=self.key,
            call_control_id=self.ids.call_control_id(),
            leg_id=self.ids.uuid(),
            direction=direction,
            from_number=from_number,
            to_number=to_number,
            start_s=start_s,
            ring_s=ring_s,
            talk_s=talk_s,
        )
        self.end_s = max(self.end_s, leg.end_s)
        return leg

    def announce(self, leg: Leg, cause: str = "normal_clearing") -> None:
        """The webhooks that every leg of a Call Control application causes."""
        self._tell(leg, "call.initiated", leg.start_s)
        if leg.talk_s:
            self._tell(leg, "call.answered", leg.start_s + leg.ring_s)
        hangup = self._event("call.hangup", leg.end_s + 0.4)
        self.events.append(
            replace(
                _of_leg(hangup, leg),
                started_at=moment(leg.start_s),
                ended_at=moment(leg.end_s),
                hangup_cause=cause,
            )
        )

    def tell_cost(self, leg: Leg, at_s: float, parts: dict[str, tuple[int, int]], status: str) -> None:
        """A `call.cost` webhook; `parts` are (nanos, billed seconds) by record type."""
        cost_parts = tuple(
            CostPart(record_type=name, cost=Money("USD", nanos), rate="", billed_seconds=billed_s)
            for name, (nanos, billed_s) in parts.items()
        )
        total = Money("USD", sum(nanos for nanos, _ in parts.values()))
        cost = CallCost(status=status, total=total, parts=cost_parts)
        event = _of_leg(self._event("call.cost", at_s), leg)
        self.events.append(replace(event, call_cost=cost))

    def tell_recording(self, leg: Leg, recording_id: str) -> None:
        """A recording was saved."""
        event = _of_leg(self._event("call.recording.saved", leg.end_s + 3), leg)
        self.events.append(replace(event, recording_id=recording_id))

    def tell_machine_detection(self, leg: Leg) -> None:
        """Answering machine detection came to an end."""
        self._tell(leg, "call.machine.detection.ended", leg.start_s + leg.ring_s + 3)

    def tell_message(self, event_type: str, at_s: float, message: MessageFacts) -> None:
        """A webhook about a message."""
        self.events.append(replace(self._event(event_type, at_s), message=message))
        self.end_s = max(self.end_s, at_s)

    def write(self, fields: RowFields) -> None:
        """A detail record that Telnyx will publish."""
        self.rows.append(fields)

    def _tell(self, leg: Leg, event_type: str, at_s: float) -> None:
        self.events.append(_of_leg(self._event(event_type, at_s), leg))

    def _event(self, event_type: str, at_s: float) -> WebhookEvent:
        at = moment(at_s)
        return WebhookEvent(event_id=self.ids.uuid(), event_type=event_type, occurred_at=at, received_at=at)


def _of_leg(event: WebhookEvent, leg: Leg) -> WebhookEvent:
    return replace(
        event,
        session_id=leg.session_id,
        call_control_id=leg.call_control_id,
        leg_id=leg.leg_id,
        direction="inbound" if leg.direction == "inbound" else "outbound",
        from_number=leg.from_number,
        to_number=leg.to_number,
    )


def on_net_cost(leg: Leg, nanos_per_minute: int) -> tuple[int, int]:
    """(nanos, billed seconds) by started 6 seconds."""
    return _priced(leg, tariff.ON_NET_INCREMENT_S, nanos_per_minute)


def pstn_cost(leg: Leg, nanos_per_minute: int) -> tuple[int, int]:
    """(nanos, billed seconds) by started minute."""
    return _priced(leg, tariff.PSTN_INCREMENT_S, nanos_per_minute)


def _priced(leg: Leg, increment_s: int, nanos_per_minute: int) -> tuple[int, int]:
    if not leg.talk_s:
        return 0, 0
    billed_s = tariff.billed_seconds(leg.talk_s, increment_s)
    return tariff.cost_nanos(billed_s, nanos_per_minute), billed_s
