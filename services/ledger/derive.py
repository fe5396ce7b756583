"""derive(facts of a cluster) → charges: pure, and the one place where money is decided (design, section 3)."""

from collections import defaultdict
from collections.abc import Iterable

from services.ledger.calls import derive_leg
from services.ledger.charges import Charge, Derived, Leg, OpenItem
from services.ledger.evidence import gather_evidence
from services.ledger.facts import EstimateRate, Facts, Rules, effective_events, winning_records
from services.ledger.learned_rates import SOURCE as LEARNED
from services.ledger.leg_story import LegStory
from services.ledger.messages import RECORD_TYPE as MESSAGING
from services.ledger.messages import derive_message
from services.ledger.others import derive_other, other_id
from services.ledger.sessions import SessionFacts, group_sessions
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent

Home = tuple[str, str]


def derive(facts: Facts, rules: Rules) -> Derived:
    """All that follows from the facts of one cluster. Neither order nor repetition of the facts matters."""
    records = winning_records(facts.records)
    events = effective_events(facts.events, records)
    book = _Pages()
    _derive_messages(book, events, records, facts, rules)
    call_events = [event for event in events if not event.message]
    call_records = [record for record in records if record.record_type != MESSAGING]
    for session in group_sessions(call_events, call_records):
        _derive_session(book, session, facts, rules)
    return Derived(
        legs=tuple(book.legs),
        charges=tuple(book.charges),
        open_items=tuple(book.open_items),
        first_rates=tuple(book.first_rates),
        homes=book.homes,
    )


class _Pages:
    """What has been derived so far."""

    def __init__(self) -> None:
        self.legs: list[Leg] = []
        self.charges: list[Charge] = []
        self.open_items: list[OpenItem] = []
        self.first_rates: list[EstimateRate] = []
        self.homes: dict[tuple[str, str], Home] = {}

    def settle_in(self, records: Iterable[DetailRecord], home: Home) -> None:
        for record in records:
            self.homes[(record.record_type, record.record_id)] = home


def _derive_messages(
    book: _Pages, events: list[WebhookEvent], records: list[DetailRecord], facts: Facts, rules: Rules
) -> None:
    told: dict[str, list[WebhookEvent]] = defaultdict(list)
    for event in events:
        if event.message:
            told[event.message.message_id].append(event)
    by_id = {record.record_id: record for record in records if record.record_type == MESSAGING}
    for message_id in sorted({*told, *by_id}):
        record = by_id.get(message_id)
        charge, open_item = derive_message(message_id, told[message_id], record, facts, rules)
        book.charges.append(charge)
        if open_item is not None:
            book.open_items.append(open_item)
        if record is not None:
            book.settle_in([record], ("sms", message_id))


def _derive_session(book: _Pages, session: SessionFacts, facts: Facts, rules: Rules) -> None:
    if not session.legs:
        for record in session.loose_records:
            book.charges.append(derive_other(record, rules))
            book.settle_in([record], ("other", other_id(record)))
        return
    for evidence in gather_evidence(session, facts, rules):
        rate = _rate(evidence.story, facts, rules)
        leg, open_item = derive_leg(evidence, rate, rules)
        book.legs.append(leg)
        book.charges += leg.charges
        if open_item is not None:
            book.open_items.append(open_item)
        if leg.estimate_nanos is not None and rate not in facts.rates:
            book.first_rates.append(rate)
        book.settle_in(evidence.home_records, ("call", leg.call_id))


def _rate(story: LegStory, facts: Facts, rules: Rules) -> EstimateRate:
    """The rate that was fixed when the leg was first estimated; legs that were joined keep the earliest."""
    names = {story.facts.call_id, *story.facts.ids}
    fixed = [rate for rate in facts.rates if rate.call_id in names]
    if fixed:
        return min(fixed, key=lambda rate: (rate.booked_at, rate.call_id, rate.nanos_per_minute, rate.source))
    # Learned rates change by and by: only where the rate is fixed at once may one have a say.
    learned = rules.rates.find(story.direction, story.other_party) if story.hangup is not None else None
    return EstimateRate(
        call_id=story.facts.call_id,
        nanos_per_minute=rules.fallback_nanos_per_minute if learned is None else learned,
        source="fallback" if learned is None else LEARNED,
        booked_at=story.open_at,
    )
