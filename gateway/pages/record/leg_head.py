"""The head of a call's page: who called whom, when, how long, and what it came to."""

from dataclasses import dataclass
from datetime import datetime

from gateway.book_answers import status_of
from gateway.pages.record.bill_messages import monies_of
from gateway.pages.words import duration_words
from services.common.money import Money
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2

_UNANSWERED = frozenset({"no_answer", "busy", "failed"})
_STATUS_WORDS = {
    "initiated": "ringing",
    "answered": "going on",
    "completed": "answered",
    "no_answer": "not answered",
    "busy": "busy",
    "failed": "failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegHead:
    """What the book knows of one leg. `costs` is empty while the call goes on."""

    call_id: str
    from_number: str
    to_number: str
    direction: str
    started_at: datetime | None
    ended_at: datetime | None
    talk: str
    """Hours, minutes and seconds from answer to hang-up; empty where there was no talk, or it is not known."""
    call_status: str
    """A call's status as in SQL."""
    hangup_cause: str
    is_announced: bool
    costs: tuple[Money, ...]
    status: str
    source: str
    ids: tuple[tuple[str, str], ...]
    """What it is called elsewhere: the name of the id, and the id."""

    @property
    def status_words(self) -> str:
        """How the call went, for people."""
        return _STATUS_WORDS.get(self.call_status, self.call_status)

    @property
    def is_exact(self) -> bool:
        """Nothing is estimated any more."""
        return self.status == "exact"

    @property
    def is_unanswered(self) -> bool:
        """It ended before anybody answered."""
        return self.call_status in _UNANSWERED

    @property
    def is_over(self) -> bool:
        """It ended, as far as anything tells."""
        return bool(self.costs) or self.ended_at is not None


def leg_head(leg: book_pb2.CallLeg) -> LegHead:
    """The head of this leg."""
    named = (
        ("call control id", leg.call_control_id),
        ("call leg id", leg.leg_id),
        ("session id", leg.session_id),
    )
    own = () if leg.telnyx_call_id in {value for _, value in named} else (("call id", leg.telnyx_call_id),)
    return LegHead(
        call_id=leg.telnyx_call_id,
        from_number=leg.from_number,
        to_number=leg.to_number,
        direction=leg.direction,
        started_at=optional_time(leg, "start_time"),
        ended_at=optional_time(leg, "end_time"),
        talk=duration_words(_talk_s(leg)),
        call_status=leg.call_status,
        hangup_cause=leg.hangup_cause.replace("_", " "),
        is_announced=leg.announced,
        costs=monies_of(leg.costs),
        status=status_of(leg.status),
        source=leg.source,
        ids=(*own, *((name, value) for name, value in named if value)),
    )


def _talk_s(leg: book_pb2.CallLeg) -> int:
    """From answer to hang-up; of a leg that no webhook told of, what its longest record says."""
    answered_at, ended_at = optional_time(leg, "answer_time"), optional_time(leg, "end_time")
    if answered_at and ended_at:
        return max(0, round((ended_at - answered_at).total_seconds()))
    return max((part.call_seconds for part in leg.parts), default=0)
