"""Which evidence belongs to which leg of a session: own records, session-wide ones, and what is expected."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.ledger.closing import is_closed
from services.ledger.facts import Facts, Rules
from services.ledger.leg_story import LegStory
from services.ledger.legs import LegFacts, SessionFacts
from services.ledger.parts import PartEvidence
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type, record_type_announced_by
from services.telnyx_vocabulary.webhook_event import CostPart, WebhookEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEvidence:
    """A leg with all that its cost rests on.

    `parts` by record type. `guests`: session-scoped records of parts that another leg owns, which name this leg by
    their recording id; their money is at home here (rule 3.c).
    """

    story: LegStory
    parts: Mapping[str, PartEvidence]
    guests: tuple[DetailRecord, ...] = ()
    lent: frozenset[tuple[str, str]] = frozenset()
    """(type, id) of records which this leg's session-wide parts count but whose money is at home elsewhere."""


def gather_evidence(session: SessionFacts, facts: Facts, rules: Rules) -> list[LegEvidence]:
    """The evidence for each leg of a session; the owner leg also answers for what names only the session."""
    stories = [LegStory(leg) for leg in session.legs]
    if not stories:
        return []
    owner = min(stories, key=_owner_order)
    is_shared = _is_shared_in_sessions
    recorded_on = _legs_by_recording_id(session.legs)
    gathered = []
    for story in stories:
        records = [record for record in story.facts.records if not is_shared(record.record_type)]
        cost_parts = [part for part in _cost_parts(story) if not is_shared(part.record_type)]
        expected = _expected(event for event in story.facts.events)
        if story is owner:
            records += _shared_records(session)
            cost_parts += [p for other in stories for p in _cost_parts(other) if is_shared(p.record_type)]
            expected = _owner_expectations(session, expected)
        else:
            expected = Counter({name: n for name, n in expected.items() if not is_shared(name)})
        parts = _parts(story, records, cost_parts, expected, facts, rules)
        gathered.append(LegEvidence(story=story, parts=parts))
    return _send_guests_home(gathered, owner, recorded_on)


def _owner_order(story: LegStory) -> tuple[object, ...]:
    """Announced before silent, then earliest start, then smallest id (rule 3.c)."""
    return (not story.facts.is_announced, story.started_at, story.facts.call_id)


def _is_shared_in_sessions(record_type: str) -> bool:
    known = find_record_type(record_type)
    return known is not None and known.is_session_scoped


def _shared_records(session: SessionFacts) -> list[DetailRecord]:
    on_legs = [r for leg in session.legs for r in leg.records if _is_shared_in_sessions(r.record_type)]
    return [*session.loose_records, *on_legs]


def _cost_parts(story: LegStory) -> tuple[CostPart, ...]:
    return story.call_cost.parts if story.call_cost else ()


def _expected(events: Iterable[WebhookEvent]) -> Counter[str]:
    """How many records of each type the events announce: one per recording or detection, else one."""
    announced: dict[str, set[str]] = defaultdict(set)
    for event in events:
        known = record_type_announced_by(event.event_type)
        if known is not None:
            announced[known.name].add(
                (event.recording_id or event.event_id) if known.counts_per_event else ""
            )
    return Counter({name: len(ids) for name, ids in announced.items()})


def _owner_expectations(session: SessionFacts, own: Counter[str]) -> Counter[str]:
    everywhere = [event for leg in session.legs for event in leg.events] + list(session.loose_events)
    shared = {name: n for name, n in _expected(everywhere).items() if _is_shared_in_sessions(name)}
    loose = {name: n for name, n in _expected(session.loose_events).items() if name not in shared}
    own_only = Counter({name: n for name, n in own.items() if name not in shared})
    return own_only + Counter(loose) + Counter(shared)


def _parts(
    story: LegStory,
    records: list[DetailRecord],
    cost_parts: list[CostPart],
    expected: Counter[str],
    facts: Facts,
    rules: Rules,
) -> dict[str, PartEvidence]:
    base = rules.base_types if story.facts.is_announced else ()
    names = {*(r.record_type for r in records), *(p.record_type for p in cost_parts), *expected, *base}
    return {
        name: PartEvidence(
            record_type=name,
            records=tuple(record for record in records if record.record_type == name),
            cost_parts=tuple(part for part in cost_parts if part.record_type == name),
            expected_count=expected[name],
            is_closed=is_closed(name, story.span, rules.settle_horizon, facts),
        )
        for name in sorted(names)
    }


def _legs_by_recording_id(legs: Iterable[LegFacts]) -> dict[str, str]:
    """The smallest call id that a recording id was announced on."""
    found: dict[str, str] = {}
    for leg in legs:
        for event in leg.events:
            if event.recording_id:
                found[event.recording_id] = min(found.get(event.recording_id, leg.call_id), leg.call_id)
    return found


def _send_guests_home(
    gathered: list[LegEvidence], owner: LegStory, recorded_on: Mapping[str, str]
) -> list[LegEvidence]:
    """Where records carry the money of a shared part, each that names a leg by its recording id goes there."""
    mine = next(evidence for evidence in gathered if evidence.story is owner)
    guests: dict[str, list[DetailRecord]] = defaultdict(list)
    for part in mine.parts.values():
        if not (_is_shared_in_sessions(part.record_type) and part.uses_records):
            continue
        for record in part.records:
            home = recorded_on.get(record.recording_id) or recorded_on.get(record.record_id)
            if home is not None and home != owner.facts.call_id:
                guests[home].append(record)
    if not guests:
        return gathered
    lent = frozenset((r.record_type, r.record_id) for records in guests.values() for r in records)
    return [
        replace(
            evidence,
            guests=tuple(guests.get(evidence.story.facts.call_id, ())),
            lent=lent if evidence.story is owner else frozenset(),
        )
        for evidence in gathered
    ]
