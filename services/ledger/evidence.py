"""What the cost of each leg rests on: its share of the session's facts, sorted into parts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from services.ledger.closing import Span, is_closed
from services.ledger.facts import Facts, Rules
from services.ledger.leg_story import LegStory
from services.ledger.legs import LegFacts
from services.ledger.parts import PartEvidence
from services.ledger.sessions import SessionFacts
from services.ledger.shares import Share, common_share, is_shared, own_share
from services.telnyx_vocabulary.detail_record import DetailRecord


@dataclass(frozen=True, kw_only=True)
class LegEvidence:
    """A leg with all that its cost rests on.

    `parts` by record type. `base_types`: what the leg must have once it was answered. `span`: what a closing window
    must cover. `guests`: records of session-wide parts, for which the owner leg answers, that name this leg by their
    recording id: their money is at home here (rule 3.c).
    """

    story: LegStory
    parts: Mapping[str, PartEvidence]
    base_types: tuple[str, ...]
    span: Span
    guests: tuple[DetailRecord, ...] = ()
    lent: frozenset[tuple[str, str]] = frozenset()
    """(type, id) of records which this leg's session-wide parts count but whose money is at home elsewhere."""

    def records_at_home(self, part: PartEvidence) -> Sequence[DetailRecord]:
        """The records of one of this leg's parts whose money is at home here."""
        if not self.lent:
            return part.records
        return [record for record in part.records if (record.record_type, record.record_id) not in self.lent]

    @cached_property
    def home_records(self) -> tuple[DetailRecord, ...]:
        """Every record whose money is at home here."""
        own = [record for part in self.parts.values() for record in self.records_at_home(part)]
        return (*own, *self.guests)


def gather_evidence(session: SessionFacts, facts: Facts, rules: Rules) -> list[LegEvidence]:
    """The evidence for each leg of a session that has any; its owner also answers for what names only the session."""
    stories, owner_id = _stories(session)
    common = common_share(session, stories)
    session_span = _span_of_all(stories)
    gathered = []
    for story in stories:
        base_types = rules.base_types if story.facts.is_announced else ()
        if story.facts.call_id == owner_id:
            parts = _parts(own_share(story) | common, base_types)
        else:
            base_types = tuple(name for name in base_types if not is_shared(name))
            parts = _parts(own_share(story), base_types)
        # Who waits for something of the session cannot close before the session's last leg could.
        waits_for_all = any(is_shared(name) and _is_awaited(part, base_types) for name, part in parts.items())
        span = session_span if waits_for_all else story.span
        closed = _close(parts, span, facts, rules)
        gathered.append(LegEvidence(story=story, parts=closed, base_types=base_types, span=span))
    return _send_guests_home(gathered, owner_id, _legs_by_recording_id(session.legs))


def _stories(session: SessionFacts) -> tuple[list[LegStory], str]:
    """The story of each leg, and the call id of the owner, which is told of what names no leg."""
    stories = [LegStory(leg) for leg in session.legs]
    owner_id = min(stories, key=_owner_order).facts.call_id
    if session.loose_events:
        stories = [
            LegStory(story.facts, session.loose_events) if story.facts.call_id == owner_id else story
            for story in stories
        ]
    return stories, owner_id


def _owner_order(story: LegStory) -> tuple[object, ...]:
    """Announced before silent, then earliest start, then smallest id (rule 3.c)."""
    return (not story.facts.is_announced, story.started_at, story.facts.call_id)


def _span_of_all(stories: list[LegStory]) -> Span:
    spans = [story.span for story in stories]
    return Span(start_at=min(span.start_at for span in spans), end_at=max(span.end_at for span in spans))


def _parts(share: Share, base_types: tuple[str, ...]) -> dict[str, PartEvidence]:
    """The parts of a share, before anything is closed."""
    expected = Counter(record_type for record_type, _ in share.announced)
    told = {*(r.record_type for r in share.records), *(part.record_type for part in share.cost_parts)}
    return {
        name: PartEvidence(
            record_type=name,
            records=tuple(record for record in share.records if record.record_type == name),
            cost_parts=tuple(part for part in share.cost_parts if part.record_type == name),
            expected_count=expected[name],
        )
        for name in sorted({*told, *expected, *base_types})
    }


def _close(
    parts: Mapping[str, PartEvidence], span: Span, facts: Facts, rules: Rules
) -> dict[str, PartEvidence]:
    closed = {name for name in parts if is_closed(name, span, rules.settle_horizon, facts)}
    return {name: replace(part, is_closed=True) if name in closed else part for name, part in parts.items()}


def _is_awaited(part: PartEvidence, base_types: tuple[str, ...]) -> bool:
    """Only a closing sweep or more records can bring this part to rest."""
    is_wanted = part.expected_count > 0 or part.record_type in base_types
    return not part.rests_on_records or (is_wanted and not part.is_present)


def _legs_by_recording_id(legs: Iterable[LegFacts]) -> dict[str, str]:
    """The smallest call id that a recording id was announced on."""
    found: dict[str, str] = {}
    for leg in legs:
        for event in leg.events:
            if event.recording_id:
                found[event.recording_id] = min(found.get(event.recording_id, leg.call_id), leg.call_id)
    return found


def _send_guests_home(
    gathered: list[LegEvidence], owner_id: str, recorded_on: Mapping[str, str]
) -> list[LegEvidence]:
    """Where records carry the money of a shared part, each that names a leg by its recording id goes there."""
    owner = next(evidence for evidence in gathered if evidence.story.facts.call_id == owner_id)
    guests: dict[str, list[DetailRecord]] = defaultdict(list)
    for part in owner.parts.values():
        if not (is_shared(part.record_type) and part.uses_records):
            continue
        for record in part.records:
            home = recorded_on.get(record.recording_id) or recorded_on.get(record.record_id)
            if home is not None and home != owner_id:
                guests[home].append(record)
    if not guests:
        return gathered
    lent = frozenset((r.record_type, r.record_id) for records in guests.values() for r in records)
    return [
        replace(
            evidence,
            guests=tuple(guests.get(evidence.story.facts.call_id, ())),
            lent=lent if evidence is owner else frozenset(),
        )
        for evidence in gathered
    ]
