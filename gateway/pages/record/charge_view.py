"""All that the page of a message, or of another record of no call, shows."""

from dataclasses import dataclass
from datetime import datetime

from gateway.book_answers import status_of
from gateway.pages.record.bill import bills_of
from gateway.pages.record.bill_messages import bill_part, journal_line, monies_of
from gateway.pages.record.bill_view import BillView, bill_view
from gateway.pages.record.explanation import Circumstances, explain
from gateway.pages.record.facts_view import FactsView, facts_view
from gateway.pages.record.happenings import of_entries, of_events, of_records
from gateway.pages.record.journal import Journal, journal_of
from gateway.pages.record.message_prices import ToldPrice, told_prices
from gateway.pages.record.timeline import Timeline, merge
from services.common.money import Money
from services.common.times import EPOCH
from services.common.wire import optional_time
from tollbook.ledger.v1 import book_pb2, ledger_pb2

_NOUNS = {book_pb2.RECORD_KIND_SMS: "message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeHead:
    """What the book knows of one message or record. `noun` is what it is called in sentences."""

    noun: str
    record_id: str
    phone_number: str
    contact: str
    direction: str
    at: datetime | None
    costs: tuple[Money, ...]
    status: str
    source: str
    description: str

    @property
    def from_number(self) -> str:
        """Who sent it; empty where nobody did."""
        return self.phone_number if self.direction == "outbound" else self.contact

    @property
    def to_number(self) -> str:
        """Who received it."""
        return self.contact if self.direction == "outbound" else self.phone_number


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeView:
    """The page's parts, each as its template takes it."""

    head: ChargeHead
    bills: tuple[BillView, ...]
    verdict: str
    prices: tuple[ToldPrice, ...]
    timeline: Timeline
    journal: Journal
    facts: FactsView


def charge_view(answer: ledger_pb2.GetChargeResponse) -> ChargeView:
    """The page of what the ledger answered: at least one charge."""
    head = _head(answer)
    facts = facts_view(answer.events, answer.records)
    circumstances = Circumstances(noun=head.noun, is_exact=head.status == "exact")
    bills = bills_of(head.costs, map(bill_part, answer.parts))
    journal = journal_of(map(journal_line, answer.history), head.costs)
    return ChargeView(
        head=head,
        bills=tuple(bill_view(bill, circumstances, facts.anchors) for bill in bills),
        verdict=explain(bills[0], circumstances).verdict,
        prices=_prices(answer),
        timeline=merge(
            of_events(facts.events, _no_leg), of_records(facts.records, _no_leg), of_entries(journal.lines)
        ),
        journal=journal,
        facts=facts,
    )


def _head(answer: ledger_pb2.GetChargeResponse) -> ChargeHead:
    first = answer.charges[0]
    is_exact = all(charge.status == book_pb2.CHARGE_STATUS_EXACT for charge in answer.charges)
    return ChargeHead(
        noun=_NOUNS.get(first.kind, "record"),
        record_id=first.record_id,
        phone_number=first.phone_number,
        contact=first.contact,
        direction=first.direction,
        at=optional_time(first, "time"),
        costs=monies_of(charge.cost for charge in answer.charges),
        status="exact" if is_exact else status_of(book_pb2.CHARGE_STATUS_ESTIMATED),
        source=first.source,
        description=first.description,
    )


def _prices(answer: ledger_pb2.GetChargeResponse) -> tuple[ToldPrice, ...]:
    return told_prices(
        (
            (fact.event_type, optional_time(fact, "occurred_time") or EPOCH, fact.raw_json)
            for fact in answer.events
        ),
        (
            (fact.record_type, optional_time(fact, "first_observed_time") or EPOCH, fact.raw_json)
            for fact in answer.records
        ),
    )


def _no_leg(_: str) -> str:
    return ""
