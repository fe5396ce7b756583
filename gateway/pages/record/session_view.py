"""All legs of a conversation as a table, also those that no webhook told of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.book_answers import status_of
from gateway.pages.record.bill import BillPart
from gateway.pages.record.bill_messages import bill_part, monies_of
from gateway.pages.record.leg_head import LegHead, leg_head
from services.common.money import Money
from services.common.times import EPOCH
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRow:
    """One leg; `number` counts them by their start."""

    number: int
    head: LegHead
    is_shown: bool
    """It is the leg of this page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A conversation. `other_parts` belong to no leg of it."""

    costs: tuple[Money, ...]
    status: str
    legs: tuple[LegRow, ...]
    other_parts: tuple[BillPart, ...]

    @property
    def silent_count(self) -> int:
        """Legs that no webhook told of."""
        return sum(not row.head.is_announced for row in self.legs)

    def leg_word(self, call_id: str) -> str:
        """Which leg an id of it means, for people; empty for none that is known."""
        numbers = [row for row in self.legs if row.head.call_id == call_id]
        return next(("this leg" if row.is_shown else f"leg {row.number}" for row in numbers), "")


def session_view(session: book_pb2.Session, shown_call_id: str) -> SessionView:
    """The conversation, its legs in the order in which they began."""
    legs = sorted(session.calls, key=_begin)
    return SessionView(
        costs=monies_of(session.costs),
        status=status_of(session.status),
        legs=tuple(
            LegRow(number=number, head=leg_head(leg), is_shown=leg.telnyx_call_id == shown_call_id)
            for number, leg in enumerate(legs, start=1)
        ),
        other_parts=tuple(map(bill_part, session.other_parts)),
    )


def first_leg_id(legs: Sequence[book_pb2.CallLeg]) -> str:
    """The leg that began first; empty without any."""
    return min(legs, key=_begin).telnyx_call_id if legs else ""


def _begin(leg: book_pb2.CallLeg) -> tuple[datetime, str]:
    return (optional_time(leg, "start_time") or EPOCH, leg.telnyx_call_id)
