"""What each kind of fact, attempt and entry is called in the timeline. Times are told apart by how long between."""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from gateway.pages.record.facts_view import EventView, RecordView
from gateway.pages.record.journal import JournalLine
from gateway.pages.record.timeline import Happening, Kind
from gateway.pages.record.waiting_view import AttemptView
from gateway.pages.words import SOURCE_WORDS

LegWord = Callable[[str], str]
"""A telnyx_call_id → which leg that is, for people."""

_LATE = timedelta(seconds=10)
_EVENT_TITLES = {
    "call.initiated": "Call started",
    "call.answered": "Answered",
    "call.bridged": "Connected with another leg",
    "call.hangup": "Hung up",
    "call.cost": "Telnyx told the cost",
    "call.recording.saved": "Recording saved",
    "call.machine.detection.ended": "Answering machine detection ended",
    "call.machine.premium.detection.ended": "Answering machine detection ended",
    "streaming.started": "Media streaming started",
    "call.transcription": "Speech turned into text",
    "call.conversation.ended": "AI assistant ended",
    "message.sent": "Message sent",
    "message.finalized": "Message delivered or given up",
    "message.received": "Message received",
    "unreadable": "A body that could not be read",
}
_ENTRY_TITLES = {
    "estimate": "Estimate booked",
    "reversal": "Estimate taken back",
    "exact": "Exact cost booked",
    "adjustment": "Adjustment booked",
}


def of_events(events: Iterable[EventView], leg_word: LegWord) -> Iterator[Happening]:
    """Webhooks, at the time at which Telnyx says that it happened."""
    for event in events:
        delay = event.received_at - event.occurred_at
        yield Happening(
            at=event.occurred_at,
            kind=Kind.WEBHOOK,
            title=_EVENT_TITLES.get(event.event_type, "Webhook"),
            term=event.event_type,
            details=(f"received {apart(delay)} later",) if delay >= _LATE else (),
            mark="quarantined" if event.is_quarantined else "",
            leg=leg_word(event.call_id),
            anchor=event.anchor,
        )


def of_records(records: Iterable[RecordView], leg_word: LegWord) -> Iterator[Happening]:
    """Detail records, when Telnyx first showed each reading of them."""
    for record in records:
        seen_for = record.last_seen_at - record.first_seen_at
        details = [f"unchanged when last read {apart(seen_for)} later"] if seen_for >= _LATE else []
        if record.cost is None:
            details.append("its amount cannot be read")
        yield Happening(
            at=record.first_seen_at,
            kind=Kind.RECORD,
            title=f"Detail record: {record.name}",
            term=record.record_type,
            details=tuple(details),
            amount=record.cost,
            mark="" if record.counts else "superseded",
            leg=leg_word(record.call_id),
            anchor=record.anchor,
        )


def of_attempts(attempts: Iterable[AttemptView]) -> Iterator[Happening]:
    """Attempts of the reconciler, when they ended."""
    for attempt in attempts:
        if attempt.at is None:
            continue
        yield Happening(
            at=attempt.at,
            kind=Kind.ATTEMPT,
            title=_attempt_title(attempt),
            details=(attempt.reason,) if attempt.reason else (),
            mark="by hand" if attempt.is_manual else "",
        )


def of_entries(lines: Iterable[JournalLine]) -> Iterator[Happening]:
    """Entries of the journal, when they were posted."""
    for line in lines:
        if line.at is None:
            continue
        yield Happening(
            at=line.at,
            kind=Kind.ENTRY,
            title=_ENTRY_TITLES.get(line.kind, line.kind),
            details=(f"from {SOURCE_WORDS.get(line.source, line.source)}",) if line.source else (),
            amount=line.amount,
            anchor="journal",
        )


def apart(span: timedelta) -> str:
    """A length of time, in its largest unit."""
    seconds = round(span.total_seconds())
    for unit_s, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit_s:
            count = seconds // unit_s
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "0 seconds"


def _attempt_title(attempt: AttemptView) -> str:
    if not attempt.is_settled:
        return "Asked Telnyx: not all there yet"
    return "Settled" if attempt.reason else "Asked Telnyx: the cost is exact"
