"""Which facts belong to which call leg, and which leg owns a session (rules 3.b and 3.c)."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime

from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.webhook_event import WebhookEvent

Fact = WebhookEvent | DetailRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFacts:
    """One call leg: all facts whose leg ids are connected. `events` are in order of time, `records` of key."""

    call_id: str
    session_id: str
    call_control_id: str
    leg_id: str
    ids: frozenset[str]
    events: tuple[WebhookEvent, ...]
    records: tuple[DetailRecord, ...]

    @property
    def is_announced(self) -> bool:
        """A webhook told of this leg; a silent leg is known from its records alone."""
        return bool(self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """One session: its legs, and the facts that name the session but no leg."""

    session_id: str
    legs: tuple[LegFacts, ...]
    loose_events: tuple[WebhookEvent, ...]
    loose_records: tuple[DetailRecord, ...]


def group_sessions(
    events: Iterable[WebhookEvent],
    records: Iterable[DetailRecord],
    taken_call_ids: frozenset[str] = frozenset(),
) -> list[SessionFacts]:
    """Group the call facts of a cluster into legs and the legs into sessions.

    Messages are no call facts and must not be passed. The result depends on the set of facts alone.
    """
    leg_facts, loose = _split(events, records)
    legs = [_leg(facts, taken_call_ids) for facts in _components(leg_facts)]
    by_session: dict[str, list[LegFacts]] = defaultdict(list)
    for leg in legs:
        by_session[leg.session_id].append(leg)
    session_ids = sorted({*by_session, *(fact.session_id for fact in loose)})
    return [
        SessionFacts(
            session_id=session_id,
            legs=tuple(sorted(by_session[session_id], key=lambda leg: leg.call_id)),
            loose_events=tuple(
                fact for fact in loose if isinstance(fact, WebhookEvent) and fact.session_id == session_id
            ),
            loose_records=tuple(
                fact for fact in loose if isinstance(fact, DetailRecord) and fact.session_id == session_id
            ),
        )
        for session_id in session_ids
    ]


def leg_nodes(fact: Fact) -> list[Hashable]:
    """The leg identities that a fact connects; none when it says nothing about a leg.

    The two id systems are kept apart (Telnyx facts, section 1). A SIP Call-ID joins only records that carry no
    leg id, and only within their session; a call-carrying record without any id is a leg of its own.
    """
    nodes: list[Hashable] = []
    if fact.call_control_id:
        nodes.append(("call_control_id", fact.call_control_id))
    if fact.leg_id:
        nodes.append(("leg_id", fact.leg_id))
    if nodes or isinstance(fact, WebhookEvent):
        return nodes
    if fact.sip_call_id:
        return [("sip_call_id", fact.session_id, fact.sip_call_id)]
    known = find_record_type(fact.record_type)
    if known is not None and known.carries_call:
        return [("record", fact.record_type, fact.record_id)]
    return []


def fact_time(fact: Fact) -> datetime:
    """When a fact says that something happened."""
    if isinstance(fact, WebhookEvent):
        return fact.occurred_at
    return fact.record_time or fact.observed_at


def fact_order(fact: Fact) -> tuple[datetime, str, str]:
    """Orders facts by their own time; the ids only break ties."""
    if isinstance(fact, WebhookEvent):
        return (fact.occurred_at, "", fact.event_id)
    return (fact_time(fact), fact.record_type, fact.record_id)


def _split(events: Iterable[WebhookEvent], records: Iterable[DetailRecord]) -> tuple[list[Fact], list[Fact]]:
    facts: list[Fact] = [*events, *records]
    leg_facts: list[Fact] = []
    loose: list[Fact] = []
    for fact in facts:
        (leg_facts if leg_nodes(fact) else loose).append(fact)
    return leg_facts, loose


def _components(facts: list[Fact]) -> list[list[Fact]]:
    parent: dict[Hashable, Hashable] = {}

    def root(node: Hashable) -> Hashable:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    for fact in facts:
        first, *others = leg_nodes(fact)
        for other in others:
            parent[root(other)] = root(first)
    components: dict[Hashable, list[Fact]] = defaultdict(list)
    for fact in facts:
        components[root(leg_nodes(fact)[0])].append(fact)
    return list(components.values())


def _leg(facts: list[Fact], taken_call_ids: frozenset[str]) -> LegFacts:
    in_order = sorted(facts, key=fact_order)
    call_control_id = _first(fact.call_control_id for fact in in_order)
    leg_id = _first(fact.leg_id for fact in in_order)
    session_id = _first(fact.session_id for fact in in_order)
    records = [fact for fact in in_order if isinstance(fact, DetailRecord)]
    sip_call_id = _first(record.sip_call_id for record in records)
    if sip_call_id in taken_call_ids:
        sip_call_id = f"{sip_call_id}@{session_id}"
    smallest_record_id = min((record.record_id for record in records), default="")
    return LegFacts(
        call_id=call_control_id or leg_id or sip_call_id or smallest_record_id,
        session_id=session_id,
        call_control_id=call_control_id,
        leg_id=leg_id,
        ids=frozenset(text for fact in in_order for text in (fact.call_control_id, fact.leg_id) if text),
        events=tuple(fact for fact in in_order if isinstance(fact, WebhookEvent)),
        records=tuple(sorted(records, key=lambda record: (record.record_type, record.record_id))),
    )


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
