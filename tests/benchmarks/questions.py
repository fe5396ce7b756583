"""What the page and REST ask of the ledger, in every filter and order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode

from services.common.wire import to_timestamp
from services.ledger.store.charge_orders import ORDERS, OrderName, Place
from tests.support.large_book import LargeBook
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.ledger.v1.ledger_pb2 import ChargeFilter, ListChargesRequest, SummarizeRequest

Request = ListChargesRequest | SummarizeRequest

_ORDERS: Mapping[OrderName, "ledger_pb2.ChargeOrder.ValueType"] = {
    "newest": ledger_pb2.CHARGE_ORDER_NEWEST,
    "oldest": ledger_pb2.CHARGE_ORDER_OLDEST,
    "dearest": ledger_pb2.CHARGE_ORDER_DEAREST,
    "cheapest": ledger_pb2.CHARGE_ORDER_CHEAPEST,
    "longest": ledger_pb2.CHARGE_ORDER_LONGEST,
    "shortest": ledger_pb2.CHARGE_ORDER_SHORTEST,
}
_GROUPINGS: Mapping[str, "ledger_pb2.GroupBy.ValueType"] = {
    "totals": ledger_pb2.GROUP_BY_UNSPECIFIED,
    "by day": ledger_pb2.GROUP_BY_DAY,
    "by number": ledger_pb2.GROUP_BY_NUMBER,
    "by type": ledger_pb2.GROUP_BY_RECORD_TYPE,
    "by part": ledger_pb2.GROUP_BY_PART,
    "by day and part": ledger_pb2.GROUP_BY_DAY_AND_PART,
}
_OF_A_VIEW = ("totals", "by day and part", "by number", "by type", "by part")
_CSV_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that somebody asks: the requests of it are sent at once."""

    name: str
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Words that the book is asked about."""

    size: LargeBook
    number: str
    contact: str
    call_id: str

    def days_ago(self, days: float) -> datetime:
        """A moment before the book's last."""
        return self.size.until - timedelta(days=days)

    def span(self, first: float, last: float | None = None) -> dict[str, Any]:
        """A range from so many days ago until so many days ago, or open."""
        ends = {} if last is None else {"to_time": to_timestamp(self.days_ago(last))}
        return {"from_time": to_timestamp(self.days_ago(first)), **ends}


def addresses(known: Known) -> Iterator[tuple[str, str]]:
    """What a browser or a program asks of the edge, by name: the page and the REST endpoints, over HTTP."""
    first, last = known.days_ago(known.size.days).date(), known.size.until.date()
    ranges = {
        "30 days": {"from": str(last - timedelta(days=29)), "to": str(last)},
        "the year": {"from": str(first), "to": str(last)},
    }
    filters = {
        "everything": {},
        "by cost": {"sort": "-cost"},
        "calls": {"recordType": "call"},
        "estimated": {"status": "estimated"},
        "a number": {"phoneNumber": known.number},
        "text, a contact": {"text": known.contact},
    }
    for (range_name, span), (name, wanted) in product(ranges.items(), filters.items()):
        yield f"page: {name}, {range_name}", f"/billing?{urlencode(span | wanted)}"
    for name, span in ranges.items():
        yield f"REST records, {name}", f"/api/billing/records?{urlencode(span)}"
        yield f"REST summary by part, {name}", f"/api/billing/summary?groupBy=part&{urlencode(span)}"
        yield f"REST summary by day, {name}", f"/api/billing/summary?groupBy=day&{urlencode(span)}"


def questions(known: Known) -> Iterator[Question]:
    """Everything, the whole views first."""
    spans = {
        "30 days": known.span(30.5),
        "the year": known.span(365),
        "13 days, broken": known.span(113.3, 100.1),
    }
    filters = _filters(known)
    for (span, of_span), (name, of_filter) in product(spans.items(), filters.items()):
        yield _view(f"view: {name}, {span}", known, ChargeFilter(**of_filter, **of_span))
    for name, text in {
        "words, 2 days": "5551",
        "words of every call, 2 days": "call",
        "words of none, 2 days": "zzz",
    }.items():
        # Of all numbers a day of a large book has more charges than are looked through for words.
        wanted = ChargeFilter(text=text, phone_number=known.number, **known.span(1.6))
        yield _view(f"view: {name}", known, wanted)
    for (name, of_filter), (span, of_span) in product(filters.items(), (("all", {}), *spans.items())):
        wanted = ChargeFilter(**of_filter, **of_span)
        for order, number in _ORDERS.items():
            yield Question(
                f"list {order}: {name}, {span}", (ListChargesRequest(filter=wanted, order=number),)
            )
        for grouping, by in _GROUPINGS.items():
            yield Question(f"sum {grouping}: {name}, {span}", (SummarizeRequest(filter=wanted, group_by=by),))
    yield from _deep_pages(known)


def _filters(known: Known) -> dict[str, dict[str, Any]]:
    call, sms, other = book_pb2.RECORD_KIND_CALL, book_pb2.RECORD_KIND_SMS, book_pb2.RECORD_KIND_OTHER
    estimated, exact = book_pb2.CHARGE_STATUS_ESTIMATED, book_pb2.CHARGE_STATUS_EXACT
    return {
        "everything": {},
        "calls": {"kind": call},
        "messages in": {"kind": sms, "direction": "inbound"},
        "other": {"kind": other},
        "outbound": {"direction": "outbound"},
        "estimated": {"status": estimated},
        "exact calls": {"status": exact, "kind": call},
        "a number": {"phone_number": known.number},
        "a number's other": {"phone_number": known.number, "kind": other},
        "a number's estimated": {"phone_number": known.number, "status": estimated},
        "text, a number": {"text": known.number},
        "text, a contact": {"text": known.contact},
        "text, an id": {"text": known.call_id},
    }


def _view(name: str, known: Known, wanted: ChargeFilter) -> Question:
    """What one look at the page asks at once."""
    span = wanted.to_time.ToDatetime() - wanted.from_time.ToDatetime() if wanted.HasField("to_time") else None
    start = wanted.from_time.ToDatetime()
    before = ChargeFilter()
    before.CopyFrom(wanted)
    before.to_time.CopyFrom(wanted.from_time)
    before.from_time.FromDatetime(start - (span or known.size.until.replace(tzinfo=None) - start))
    sums = [SummarizeRequest(filter=wanted, group_by=_GROUPINGS[grouping]) for grouping in _OF_A_VIEW]
    return Question(name, (ListChargesRequest(filter=wanted), SummarizeRequest(filter=before), *sums))


def _deep_pages(known: Known) -> Iterator[Question]:
    """Pages in the middle of the book, as large as a CSV export takes them."""
    keys: Mapping[str, Any] = {"billing_date": known.days_ago(180), "cost_nanos": 14_000_000, "duration": 200}
    for name, order in ORDERS.items():
        cursor = order.write_cursor(Place(keys[order.column.name], known.size.charge_count // 2))
        request = ListChargesRequest(page_size=_CSV_PAGE, page_token=cursor, order=_ORDERS[name])
        yield Question(f"CSV page, deep, {name}", (request,))
