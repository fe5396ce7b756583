"""Parts, costs and entries as the ledger tells them, as values of the pages."""

from collections.abc import Iterable

from google.type.money_pb2 import Money as MoneyMessage

from gateway.book_answers import DEFAULT_CURRENCY
from gateway.pages.record.bill import BillPart
from gateway.pages.record.journal import JournalLine
from services.common.money import Money
from services.common.wire import from_money, optional_time
from tollbook.ledger.v1 import book_pb2


def money_of(message: MoneyMessage) -> Money:
    """An amount; one that says no currency is in the default one."""
    money = from_money(message)
    return Money(money.currency or DEFAULT_CURRENCY, money.nanos)


def monies_of(messages: Iterable[MoneyMessage]) -> tuple[Money, ...]:
    """Amounts, in their order."""
    return tuple(money_of(message) for message in messages)


def bill_part(part: book_pb2.Part) -> BillPart:
    """One line of a cost."""
    return BillPart(
        record_type=part.record_type,
        record_id=part.record_id,
        cost=money_of(part.cost),
        rate=part.rate,
        billed_seconds=part.billed_seconds if part.HasField("billed_seconds") else None,
        call_seconds=part.call_seconds if part.HasField("call_seconds") else None,
        source=part.source,
    )


def journal_line(entry: book_pb2.Entry) -> JournalLine:
    """One entry of the journal."""
    return JournalLine(
        at=optional_time(entry, "posted_time"),
        kind=book_pb2.EntryKind.Name(entry.kind).removeprefix("ENTRY_KIND_").lower(),
        amount=money_of(entry.amount),
        cost_after=money_of(entry.cost_after),
        source=entry.source,
    )
