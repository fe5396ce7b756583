"""What the account does all day: calls of every kind, messages, other use. Everything follows from the seed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from services.common.money import Money
from services.telnyx_vocabulary.webhook_event import MessageFacts
from tests.simulation import tariff
from tests.simulation.conversation import Conversation, Leg, on_net_cost, pstn_cost
from tests.simulation.ids import Ids
from tests.simulation.rows import RowFields

_UNANSWERED_CAUSES = ("timeout", "user_busy", "originator_cancel", "call_rejected", "not_found")
_AGENT = "sip:agent@example.test"
_WHOLE_DAY_S = 86_400.0
_SCIENTIFIC = 0.1
Price = tuple[int, int]
"""(nanos, billed seconds)"""


@dataclass(frozen=True, slots=True)
class Shape:
    """When in the day conversations begin: evenly, or within some hours around noon UTC."""

    spread_s: float = _WHOLE_DAY_S

    def start_s(self, day: int, rng: Random) -> float:
        """Some moment of a day."""
        return day * _WHOLE_DAY_S + (_WHOLE_DAY_S - self.spread_s) / 2 + rng.random() * self.spread_s


ALL_DAY = Shape()


class Traffic:
    """Makes conversations, each of a kind drawn at random."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"traffic {seed}")
        self._ids = Ids(seed)
        self._kinds: tuple[tuple[Callable[[float], Conversation], float], ...] = (
            (self._outbound, 30),
            (self._inbound_to_agent, 24),
            (self._unanswered, 14),
            (self._trunk_only, 9),
            (self._webrtc_only, 3),
            (self._outbound_message, 12),
            (self._inbound_message, 6),
            (self._other, 2),
        )

    def day(self, day: int, count: int, shape: Shape) -> list[Conversation]:
        """The conversations of one day, in order of their beginning."""
        starts = sorted(shape.start_s(day, self._rng) for _ in range(count))
        makers = [make for make, _ in self._kinds]
        weights = [weight for _, weight in self._kinds]
        return [
            make(start_s)
            for make, start_s in zip(self._rng.choices(makers, weights, k=count), starts, strict=True)
        ]

    def _outbound(self, start_s: float) -> Conversation:
        """A call to a telephone, perhaps recorded, perhaps asked whether a machine answers."""
        talk = Conversation(self._ids, self._ids.uuid())
        place, number = self._number()
        leg = talk.leg("outbound", self._account_number(), number, start_s, self._ring_s(), self._talk_s())
        talk.announce(leg)
        parts = self._bill_pstn(talk, leg, place.outbound_nanos)
        if leg.from_number.endswith(("0", "1", "2")):
            parts |= self._record(talk, leg)
        if leg.from_number.endswith(("2", "3")):
            talk.tell_machine_detection(leg)
            self._write(
                talk, leg, "amd", (tariff.AMD_NANOS, 0), tariff.AMD_NANOS, at_s=leg.start_s + leg.ring_s
            )
        self._tell_cost(talk, leg, parts)
        return talk

    def _inbound_to_agent(self, start_s: float) -> Conversation:
        """A customer's call that is put through to an agent; the agent's credential leg has no webhook."""
        talk = Conversation(self._ids, self._ids.uuid())
        place, number = self._number()
        ring_s, talk_s = self._ring_s(), self._talk_s()
        customer = talk.leg("inbound", number, self._account_number(), start_s, ring_s, talk_s)
        talk.announce(customer)
        parts = self._bill_pstn(talk, customer, place.inbound_nanos)
        if customer.to_number.endswith(("0", "1", "2")):
            parts |= self._record(talk, customer)
        self._tell_cost(talk, customer, parts)
        agent = talk.leg("outbound", customer.to_number, _AGENT, start_s + 1, ring_s, max(1, talk_s - 1))
        talk.announce(agent)
        self._tell_cost(talk, agent, self._bill_on_net(talk, agent))
        if self._rng.random() < 0.7:
            twin = talk.leg("outbound", customer.to_number, _AGENT, start_s + 1, ring_s, max(1, talk_s - 1))
            self._write(talk, twin, "sip-trunking", on_net_cost(twin, tariff.TWIN_NANOS), tariff.TWIN_NANOS)
        return talk

    def _unanswered(self, start_s: float) -> Conversation:
        """Nobody answered; sometimes no record is ever written."""
        talk = Conversation(self._ids, self._ids.uuid())
        place, number = self._number()
        leg = talk.leg("outbound", self._account_number(), number, start_s, self._ring_s(), 0)
        talk.announce(leg, self._rng.choice(_UNANSWERED_CAUSES))
        if self._rng.random() < 0.6:
            self._bill_pstn(talk, leg, place.outbound_nanos)
        return talk

    def _trunk_only(self, start_s: float) -> Conversation:
        """A call over a SIP trunk: no webhook tells of it. Some records carry a SIP Call-ID and no call_control_id."""
        talk = Conversation(self._ids, self._ids.uuid())
        place, number = self._number()
        leg = talk.leg("outbound", self._account_number(), number, start_s, self._ring_s(), self._talk_s())
        ids = {"telnyx_session_id": leg.session_id, "sip_call_id": f"{leg.leg_id}@sip.example.test"}
        if self._rng.random() < 0.5:
            ids["call_control_id"] = leg.call_control_id
        price = pstn_cost(leg, place.outbound_nanos)
        self._write(talk, leg, "sip-trunking", price, place.outbound_nanos, ids=ids)
        return talk

    def _webrtc_only(self, start_s: float) -> Conversation:
        talk = Conversation(self._ids, self._ids.uuid())
        leg = talk.leg("outbound", self._account_number(), _AGENT, start_s, self._ring_s(), self._talk_s())
        price = pstn_cost(leg, tariff.WEBRTC_NANOS)
        self._write(talk, leg, "webrtc", price, tariff.WEBRTC_NANOS)
        return talk

    def _outbound_message(self, start_s: float) -> Conversation:
        _, number = self._number()
        return self._message(start_s, "outbound", self._account_number(), number)

    def _inbound_message(self, start_s: float) -> Conversation:
        _, number = self._number()
        return self._message(start_s, "inbound", number, self._account_number())

    def _message(self, start_s: float, direction: str, sender: str, receiver: str) -> Conversation:
        """A message whose last webhook names its price, a price that the record does not confirm, or none."""
        message_id = self._ids.uuid()
        talk = Conversation(self._ids, message_id)
        cost_nanos = (tariff.MESSAGE_RATE_NANOS + tariff.CARRIER_FEE_NANOS) * self._rng.choice(
            (1, 1, 1, 2, 3)
        )
        facts = MessageFacts(
            message_id=message_id,
            direction="inbound" if direction == "inbound" else "outbound",
            from_number=sender,
            to_number=receiver,
        )
        draw = self._rng.random()
        told_nanos = cost_nanos if draw < 0.6 else tariff.MESSAGE_RATE_NANOS if draw < 0.7 else None
        priced = MessageFacts(
            message_id=message_id,
            direction=facts.direction,
            from_number=sender,
            to_number=receiver,
            total=Money("USD", told_nanos) if told_nanos is not None else None,
        )
        if direction == "outbound":
            talk.tell_message("message.sent", start_s + 0.5, facts)
            talk.tell_message("message.finalized", start_s + 3, priced)
        else:
            talk.tell_message("message.received", start_s + 1, priced)
        talk.write(
            RowFields(
                record_type="messaging",
                record_id=message_id,
                at_s=start_s,
                key=message_id,
                ids={},
                cost_nanos=cost_nanos,
                rate_nanos=tariff.MESSAGE_RATE_NANOS,
                billed_s=None,
                call_s=None,
                direction=direction,
                from_number=sender,
                to_number=receiver,
            )
        )
        return talk

    def _other(self, start_s: float) -> Conversation:
        """Use of the account that belongs to no call, priced in tiny amounts."""
        record_id = self._ids.uuid()
        talk = Conversation(self._ids, f"inference:{record_id}", end_s=start_s)
        talk.write(
            RowFields(
                record_type="inference",
                record_id=record_id,
                at_s=start_s,
                key=talk.key,
                ids={"conversation_id": self._ids.uuid()},
                cost_nanos=self._rng.randrange(1_000, 900_000),
                rate_nanos=700,
                billed_s=None,
                call_s=None,
                direction="",
                from_number="",
                to_number="",
                is_scientific=True,
            )
        )
        return talk

    def _bill_pstn(self, talk: Conversation, leg: Leg, nanos_per_minute: int) -> dict[str, Price]:
        """The carriage and the control of a leg, at times with a zero twin beside."""
        trunk, control = pstn_cost(leg, nanos_per_minute), pstn_cost(leg, tariff.CALL_CONTROL_NANOS)
        self._write(talk, leg, "sip-trunking", trunk, nanos_per_minute)
        self._write(talk, leg, "call-control", control, tariff.CALL_CONTROL_NANOS)
        if self._rng.random() < 0.08:
            self._write(talk, leg, "sip-trunking", (0, 0), nanos_per_minute)
            self._write(talk, leg, "call-control", (0, 0), tariff.CALL_CONTROL_NANOS)
        return {"sip-trunking": trunk, "call-control": control}

    def _bill_on_net(self, talk: Conversation, leg: Leg) -> dict[str, Price]:
        trunk, control = on_net_cost(leg, 0), on_net_cost(leg, tariff.CALL_CONTROL_NANOS)
        self._write(talk, leg, "sip-trunking", trunk, 0)
        self._write(talk, leg, "call-control", control, tariff.CALL_CONTROL_NANOS)
        return {"sip-trunking": trunk, "call-control": control}

    def _record(self, talk: Conversation, leg: Leg) -> dict[str, Price]:
        """The leg is recorded: billed to the session, by the minute."""
        recording_id = self._ids.uuid()
        talk.tell_recording(leg, recording_id)
        price = pstn_cost(leg, tariff.RECORDING_NANOS)
        at_s = leg.start_s + leg.ring_s
        self._write(
            talk,
            leg,
            "recording",
            price,
            tariff.RECORDING_NANOS,
            at_s=at_s,
            extra={"recording_id": recording_id},
        )
        return {"recording": price}

    def _tell_cost(self, talk: Conversation, leg: Leg, parts: dict[str, Price]) -> None:
        """Half of the legs have a `call.cost`, which at times is an error first."""
        if self._rng.random() < 0.5:
            return
        if self._rng.random() < 0.1:
            talk.tell_cost(leg, leg.end_s + 1, {}, "error")
        talk.tell_cost(leg, leg.end_s + 2 + self._rng.expovariate(1 / 30), parts, "success")

    def _write(
        self,
        talk: Conversation,
        leg: Leg,
        record_type: str,
        price: Price,
        rate_nanos: int,
        *,
        at_s: float | None = None,
        ids: dict[str, str] | None = None,
        extra: dict[str, str] | None = None,
    ) -> None:
        nanos, billed_s = price
        is_timed = record_type != "amd"
        talk.write(
            RowFields(
                record_type=record_type,
                record_id=self._ids.uuid(),
                # Carrier clocks differ a little from those of the webhooks.
                at_s=(leg.start_s if at_s is None else at_s) + self._rng.uniform(-0.5, 0.5),
                key=talk.key,
                ids=ids if ids is not None else _ids_of(record_type, leg),
                cost_nanos=nanos,
                rate_nanos=rate_nanos,
                billed_s=billed_s if is_timed else None,
                call_s=(leg.talk_s if billed_s else 0) if is_timed else None,
                direction=leg.direction,
                from_number=leg.from_number,
                to_number=leg.to_number,
                is_billable=self._rng.random() >= 0.02,
                is_scientific=nanos > 0 and self._rng.random() < _SCIENTIFIC,
                extra=extra or {},
            )
        )

    def _account_number(self) -> str:
        return self._rng.choice(tariff.ACCOUNT_NUMBERS)

    def _number(self) -> tuple[tariff.Place, str]:
        [place] = self._rng.choices(tariff.PLACES, tariff.PLACE_WEIGHTS)
        return place, f"{place.prefix}{100 + self._rng.randrange(100):0{place.digits}d}"

    def _ring_s(self) -> float:
        return 2 + self._rng.random() * 25

    def _talk_s(self) -> int:
        """Three minutes on average, seldom hours."""
        if self._rng.random() < 0.002:
            return self._rng.randrange(3_600, 6 * 3_600)
        return 1 + int(self._rng.expovariate(1 / 180))


def _ids_of(record_type: str, leg: Leg) -> dict[str, str]:
    """The ids that each type carries (Telnyx facts, section 3)."""
    match record_type:
        case "sip-trunking":
            return {
                "call_control_id": leg.call_control_id,
                "telnyx_session_id": leg.session_id,
                "sip_call_id": f"{leg.leg_id}@sip.example.test",
            }
        case "recording":
            return {"telnyx_session_id": leg.session_id}
        case "amd":
            return {"call_leg_id": leg.leg_id, "call_session_id": leg.session_id}
        case _:
            return {"telnyx_leg_id": leg.leg_id, "telnyx_session_id": leg.session_id}
