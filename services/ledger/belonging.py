"""Which session and which leg a fact tells of, also where it has no effect on any charge."""

from collections.abc import Hashable
from dataclasses import dataclass

from services.ledger.charges import Derived, Leg
from services.ledger.facts import Facts, effective_events, winning_records
from services.ledger.legs import Fact, leg_nodes
from services.ledger.messages import RECORD_TYPE as MESSAGING
from services.ledger.sessions import group_sessions
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact belongs. `call_id` is empty for what names a session only; both are empty for a message."""

    session_id: str
    call_id: str


class Places:
    """Says of the facts of one cluster where they belong."""

    def __init__(self, facts: Facts, derived: Derived) -> None:
        self._legs: dict[str, Leg] = {leg.call_id: leg for leg in derived.legs}
        self._homes = derived.homes
        self._by_node: dict[Hashable, Place] = {}
        records = winning_records(facts.records)
        events = [event for event in effective_events(facts.events, records) if not event.message]
        for session in group_sessions(events, [r for r in records if r.record_type != MESSAGING]):
            for leg in session.legs:
                place = Place(session.session_id, leg.call_id)
                facts_of_leg: tuple[Fact, ...] = (*leg.events, *leg.records)
                for fact in facts_of_leg:
                    self._by_node |= dict.fromkeys(leg_nodes(fact), place)

    def of_event(self, event: WebhookEvent) -> Place:
        """The leg that an event names, if only its session that; a quarantined one is placed as if it counted."""
        found = (self._by_node[node] for node in leg_nodes(event) if node in self._by_node)
        return next(found, Place(event.session_id, ""))

    def of_record(self, record: DetailRecord) -> Place:
        """The leg whose charge a record ends in, whatever an earlier observation of it named."""
        kind, record_id = self._homes.get((record.record_type, record.record_id), ("", ""))
        if kind == "call":
            return Place(self._legs[record_id].session_id, record_id)
        return Place(record.session_id, "")
