"""Which facts belong to which call leg, and what a leg is called (rule 3.b)."""

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
    """One call leg: all facts whose leg ids are connected. `events` are in order of time, `records` of key.

    `call_id` is its telnyx_call_id; `ids` are all leg ids of both systems that its facts name.
    """

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


def group_legs(facts: Iterable[Fact]) -> list[LegFacts]:
    """The legs of the facts that name one, in no particular order; depends on the set of facts alone.

    No two legs are called the same: a name goes to the leg of the smaller rank, then to the earlier one. So all facts
    that could give a leg the same name must be grouped together.
    """
    components = [sorted(component, key=fact_order) for component in _components(facts)]
    named = [(_names(component), component) for component in components]
    legs = []
    used: set[str] = set()
    for names, component in sorted(named, key=lambda each: (each[0].rank, fact_order(each[1][0]))):
        call_id = names.qualified if names.plain in used else names.plain
        used.add(call_id)
        legs.append(_leg(call_id, component))
    return legs


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


def unqualified(call_id: str) -> str:
    """The leg id behind a name that was given because another leg was called the same."""
    return call_id.removeprefix("call:").removeprefix("leg:")


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


def _components(facts: Iterable[Fact]) -> list[list[Fact]]:
    nodes_of = [(fact, leg_nodes(fact)) for fact in facts]
    parent: dict[Hashable, Hashable] = {}

    def root(node: Hashable) -> Hashable:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = parent[above]
            node = above
        return node

    for _, (first, *others) in nodes_of:
        for other in others:
            parent[root(other)] = root(first)
    components: dict[Hashable, list[Fact]] = defaultdict(list)
    for fact, (first, *_) in nodes_of:
        components[root(first)].append(fact)
    return list(components.values())


@dataclass(frozen=True, slots=True)
class _Names:
    """What a leg may be called (design, section 2), and what instead if another leg is called that already."""

    rank: int
    plain: str
    qualified: str


def _names(component: list[Fact]) -> _Names:
    if call_control_id := _first(component, "call_control_id"):
        return _Names(0, call_control_id, f"call:{call_control_id}")
    if leg_id := _first(component, "leg_id"):
        return _Names(1, leg_id, f"leg:{leg_id}")
    record = min(_records(component), key=lambda record: record.record_id)
    if record.sip_call_id:
        return _Names(2, record.sip_call_id, f"{record.sip_call_id}@{record.session_id}")
    return _Names(3, record.record_id, f"{record.record_type}:{record.record_id}")


def _leg(call_id: str, component: list[Fact]) -> LegFacts:
    return LegFacts(
        call_id=call_id,
        session_id=_first(component, "session_id"),
        call_control_id=_first(component, "call_control_id"),
        leg_id=_first(component, "leg_id"),
        ids=frozenset(text for fact in component for text in (fact.call_control_id, fact.leg_id) if text),
        events=tuple(fact for fact in component if isinstance(fact, WebhookEvent)),
        records=tuple(sorted(_records(component), key=lambda record: (record.record_type, record.record_id))),
    )


def _records(component: list[Fact]) -> list[DetailRecord]:
    return [fact for fact in component if isinstance(fact, DetailRecord)]


def _first(component: list[Fact], field: str) -> str:
    for fact in component:
        if text := getattr(fact, field):
            return str(text)
    return ""
