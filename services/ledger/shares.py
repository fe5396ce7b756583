"""What of a session counts for which leg: its own facts, and for the owner what names no leg (rules 3.c and 3.e)."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.ledger.leg_story import LegStory
from services.ledger.sessions import SessionFacts
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import RECORD_TYPES, record_type_announced_by
from services.telnyx_vocabulary.webhook_event import CostPart, WebhookEvent

Announcement = tuple[str, str]
"""(record type, which one): for each of them one record of that type is to come."""


_SHARED = frozenset(
    name for entry in RECORD_TYPES if entry.is_session_scoped for name in (entry.name, *entry.aliases)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Records, parts of `call.cost`, and announcements of records to come."""

    records: tuple[DetailRecord, ...]
    cost_parts: tuple[CostPart, ...]
    announced: frozenset[Announcement]

    def __or__(self, other: "Share") -> "Share":
        return Share(
            records=self.records + other.records,
            cost_parts=self.cost_parts + other.cost_parts,
            announced=self.announced | other.announced,
        )


def own_share(story: LegStory) -> Share:
    """What a leg answers for by itself."""
    return Share(
        records=tuple(r for r in story.facts.records if not is_shared(r.record_type)),
        cost_parts=tuple(part for part in _cost_parts(story) if not is_shared(part.record_type)),
        announced=frozenset(found for found in _announced(story.facts.events) if not is_shared(found[0])),
    )


def common_share(session: SessionFacts, stories: list[LegStory]) -> Share:
    """What belongs to the session as a whole: its owner leg answers for it."""
    records = [r for story in stories for r in story.facts.records if is_shared(r.record_type)]
    on_legs = _announced(event for story in stories for event in story.facts.events)
    return Share(
        records=(*session.loose_records, *records),
        cost_parts=tuple(p for story in stories for p in _cost_parts(story) if is_shared(p.record_type)),
        announced=frozenset(found for found in on_legs if is_shared(found[0]))
        | _announced(session.loose_events),
    )


def is_shared(record_type: str) -> bool:
    """Records of this type name a session but no leg: their part is one of the session (rule 3.e)."""
    return record_type in _SHARED


def _cost_parts(story: LegStory) -> tuple[CostPart, ...]:
    return story.call_cost.parts if story.call_cost else ()


def _announced(events: Iterable[WebhookEvent]) -> frozenset[Announcement]:
    """One record for each recording or detection, else one for all events of its kind (rule 3.f)."""
    announced = set()
    for event in events:
        known = record_type_announced_by(event.event_type)
        if known is not None:
            which = (event.recording_id or event.event_id) if known.counts_per_event else ""
            announced.add((known.name, which))
    return frozenset(announced)
