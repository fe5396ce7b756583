"""What happened on one leg, read off its facts: when, who, answered or not (rules 3.d, 3.g and 3.m)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from services.ledger.closing import FORGOTTEN_AFTER, Span
from services.ledger.legs import LegFacts, fact_time
from services.ledger.parts import is_billed_part, is_billed_record
from services.ledger.unreadable import event_sentences
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.record_types import find_record_type
from services.telnyx_vocabulary.webhook_event import CallCost, WebhookEvent

UNANSWERED_CAUSES = frozenset(
    {"call_rejected", "originator_cancel", "timeout", "user_busy", "not_found", "no_answer"}
)
_UNANSWERED_STATUS = {"user_busy": "busy", "call_rejected": "failed", "not_found": "failed"}


@dataclass(frozen=True)
class LegStory:
    """The facts of one leg, asked one question at a time; what is asked again and again is found out once.

    `session_events` name the session but no leg; only the owner leg is told of them (rule 3.c).
    """

    facts: LegFacts
    session_events: tuple[WebhookEvent, ...] = ()

    @cached_property
    def hangup(self) -> WebhookEvent | None:
        """The last hang-up; Telnyx sends one, but may send it again."""
        return self._last("call.hangup")

    @property
    def call_cost(self) -> CallCost | None:
        """The latest `call.cost` that carries amounts and is no error (rule 3.d)."""
        return self._cost_told[0]

    @property
    def unreadable_costs(self) -> list[str]:
        """Sentences about what was told of the cost since then and cannot be read (rule 3.j)."""
        return self._cost_told[1]

    @cached_property
    def _cost_told(self) -> tuple[CallCost | None, list[str]]:
        """A `call.cost` of the leg goes before one that names the session alone.

        Older accounts saw a cost on the hang-up itself: it speaks only where no `call.cost` does.
        """
        hangups = [event for event in self.facts.events if event.event_type == "call.hangup"]
        of_leg = [event for event in self.facts.events if event.event_type == "call.cost"]
        of_session = [event for event in self.session_events if event.event_type == "call.cost"]
        sentences: list[str] = []
        for event in (*reversed(of_leg), *reversed(of_session), *reversed(hangups)):
            cost = event.call_cost
            if cost is not None and _carries_amounts(cost, event.event_type):
                return cost, sentences
            if cost is None or not cost.is_error:
                sentences += event_sentences(event)
        return None, sentences

    @cached_property
    def is_answered(self) -> bool:
        """An answer, any billed fact, or a hang-up whose cause does not say otherwise (rule 3.g)."""
        if self._first("call.answered") or any(map(is_billed_record, self.facts.records)):
            return True
        cost = self.call_cost
        if cost and (any(map(is_billed_part, cost.parts)) or (cost.total and cost.total.nanos)):
            return True
        return self.hangup is not None and self.hangup.hangup_cause not in UNANSWERED_CAUSES

    @property
    def answered_at(self) -> datetime | None:
        """When the call was answered: from the webhook, else from a billed record."""
        answered = self._first("call.answered")
        if answered:
            return answered.occurred_at
        return min((r.answered_at for r in self._billed_records() if r.answered_at), default=None)

    @cached_property
    def started_at(self) -> datetime:
        """The leg's start: billed record, else hang-up, else first event (rule 3.m).

        Only records that are the call itself say when it started: a feature's record begins when the feature did.
        """
        billed = [r.record_time for r in self._billed_records() if r.record_time and carries_call(r)]
        if billed:
            return min(billed)
        if self.hangup is not None and self.hangup.started_at is not None:
            return self.hangup.started_at
        events = self.facts.events
        return events[0].occurred_at if events else min(map(fact_time, self.facts.records))

    @cached_property
    def hung_up_at(self) -> datetime | None:
        """When the hang-up says that the call ended."""
        return (self.hangup.ended_at or self.hangup.occurred_at) if self.hangup else None

    @property
    def ended_at(self) -> datetime | None:
        """When the call ended, from the hang-up, else from a record."""
        return self.hung_up_at or max(
            (r.finished_at for r in self.facts.records if r.finished_at), default=None
        )

    @cached_property
    def span(self) -> Span:
        """What a closing window must cover. A leg without a hang-up ends 4 h after its last fact (rule 3.g)."""
        if self.hung_up_at is None:
            times = [*map(fact_time, self.facts.events), *map(fact_time, self.facts.records)]
            ends = [record.finished_at for record in self.facts.records if record.finished_at]
            return Span(start_at=min(times), end_at=max(times + ends) + FORGOTTEN_AFTER)
        starts = [
            self.started_at,
            *(record.record_time for record in self.facts.records if record.record_time),
        ]
        return Span(start_at=min(*starts, self.hung_up_at), end_at=max(self.hung_up_at, self.started_at))

    @property
    def open_at(self) -> datetime:
        """From when attempts count: the receipt of the hang-up, by our own clock."""
        return self.hangup.received_at if self.hangup else self.span.end_at

    @property
    def estimated_talk_time(self) -> timedelta:
        """From answer to hang-up; with the answer unseen, from `start_time` (rule 3.g). Zero without a hang-up."""
        end = self.hung_up_at
        if self.hangup is None or end is None:
            return timedelta()
        answered = self._first("call.answered")
        begin = answered.occurred_at if answered else self.hangup.started_at or end
        return max(end - begin, timedelta())

    @property
    def duration_s(self) -> int:
        """Seconds of talk, for people; 0 for an unanswered call."""
        if not self.is_answered:
            return 0
        if self.hangup is not None:
            return round(self.estimated_talk_time / timedelta(seconds=1))
        return max((record.call_seconds or 0 for record in self.facts.records), default=0)

    @property
    def call_status(self) -> str:
        """The word of the SQL contract for how the call went (design, section 2)."""
        is_over = self.hangup is not None or bool(self.facts.records) or self.call_cost is not None
        if not is_over:
            return "answered" if self.is_answered else "initiated"
        if self.is_answered:
            return "completed"
        return _UNANSWERED_STATUS.get(self.hangup.hangup_cause if self.hangup else "", "no_answer")

    @cached_property
    def direction(self) -> str:
        """As the webhooks say, else the records; a leg of which nothing says it counts as outbound."""
        return self._first_text("direction") or "outbound"

    @property
    def from_number(self) -> str:
        return self._first_text("from_number")

    @property
    def to_number(self) -> str:
        return self._first_text("to_number")

    @cached_property
    def other_party(self) -> str:
        """The number or SIP address of whom the account talked to."""
        return self.to_number if self.direction == "outbound" else self.from_number

    def _first_text(self, field: str) -> str:
        """What the first fact says that says anything, webhooks before records."""
        for fact in (*self.facts.events, *self.facts.records):
            if text := getattr(fact, field):
                return str(text)
        return ""

    def _first(self, event_type: str) -> WebhookEvent | None:
        return next((event for event in self.facts.events if event.event_type == event_type), None)

    def _last(self, event_type: str) -> WebhookEvent | None:
        return next((event for event in reversed(self.facts.events) if event.event_type == event_type), None)

    def _billed_records(self) -> Iterator[DetailRecord]:
        return filter(is_billed_record, self.facts.records)


def carries_call(record: DetailRecord) -> bool:
    """The record is of the call itself, not of a feature that ran on it."""
    known = find_record_type(record.record_type)
    return known is not None and known.carries_call


def _carries_amounts(cost: CallCost, event_type: str) -> bool:
    """A 0 on a hang-up carries nothing: it says no more than that no cost was known yet."""
    if event_type == "call.hangup":
        return cost.total is not None and cost.total.nanos != 0
    return not cost.is_error and (cost.total is not None or any(part.cost for part in cost.parts))
