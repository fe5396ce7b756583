"""The ledger's values to and from its protobuf messages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from google.type import money_pb2

from services.common.errors import InvalidInput
from services.common.money import Money
from services.common.wire import (
    money_fields,
    optional_time,
    set_nanos,
    timestamp_fields,
    to_money,
    to_timestamp,
)
from services.ledger.charges import Kind
from services.ledger.store.charge_filters import ChargeFilter, Status, WantedDirection
from services.ledger.store.charge_orders import OrderName
from services.ledger.store.sum_rows import Grouping
from services.ledger.store.summaries import Sums, Totals
from tollbook.ledger.v1 import book_pb2, ledger_pb2

_KINDS: Mapping[str, "book_pb2.RecordKind.ValueType"] = {
    "call": book_pb2.RECORD_KIND_CALL,
    "sms": book_pb2.RECORD_KIND_SMS,
    "other": book_pb2.RECORD_KIND_OTHER,
}
_FILTER_KINDS: Mapping[int, Kind] = {
    book_pb2.RECORD_KIND_CALL: "call",
    book_pb2.RECORD_KIND_SMS: "sms",
    book_pb2.RECORD_KIND_OTHER: "other",
}
_FILTER_STATUSES: Mapping[int, Status] = {
    book_pb2.CHARGE_STATUS_ESTIMATED: "estimated",
    book_pb2.CHARGE_STATUS_EXACT: "exact",
}
_DIRECTIONS: Mapping[str, WantedDirection] = {"inbound": "inbound", "outbound": "outbound"}
_ORDERS: Mapping[int, OrderName] = {
    ledger_pb2.CHARGE_ORDER_UNSPECIFIED: "newest",
    ledger_pb2.CHARGE_ORDER_NEWEST: "newest",
    ledger_pb2.CHARGE_ORDER_OLDEST: "oldest",
    ledger_pb2.CHARGE_ORDER_DEAREST: "dearest",
    ledger_pb2.CHARGE_ORDER_CHEAPEST: "cheapest",
    ledger_pb2.CHARGE_ORDER_LONGEST: "longest",
    ledger_pb2.CHARGE_ORDER_SHORTEST: "shortest",
}
_GROUPINGS: Mapping[int, Grouping] = {
    ledger_pb2.GROUP_BY_DAY: "day",
    ledger_pb2.GROUP_BY_NUMBER: "number",
    ledger_pb2.GROUP_BY_RECORD_TYPE: "recordType",
    ledger_pb2.GROUP_BY_PART: "part",
    ledger_pb2.GROUP_BY_DAY_AND_PART: "dayAndPart",
    ledger_pb2.GROUP_BY_WEEK_AND_PART: "weekAndPart",
    ledger_pb2.GROUP_BY_MONTH_AND_PART: "monthAndPart",
}


def decode_filter(message: ledger_pb2.ChargeFilter) -> ChargeFilter:
    """Which charges are asked for. Raises InvalidInput for a range that ends too early, or an unknown direction."""
    from_at, to_at = optional_time(message, "from_time"), optional_time(message, "to_time")
    if from_at is not None and to_at is not None and from_at > to_at:
        raise InvalidInput("the range ends before it begins", "to")
    return ChargeFilter(
        from_at=from_at,
        to_at=to_at,
        phone_number=message.phone_number or None,
        kind=_FILTER_KINDS.get(message.kind),
        status=_FILTER_STATUSES.get(message.status),
        direction=_decode_direction(message.direction),
        text=message.text,
    )


def _decode_direction(direction: str) -> WantedDirection | None:
    if not direction:
        return None
    try:
        return _DIRECTIONS[direction]
    except KeyError as error:
        raise InvalidInput("a direction is inbound or outbound", "direction") from error


def decode_order(order: int) -> OrderName:
    """Newest first unless another order is asked for. Raises InvalidInput for one that is not known here."""
    try:
        return _ORDERS[order]
    except KeyError as error:
        raise InvalidInput("there is no such order", "sort") from error


def decode_kind(kind: int) -> Kind:
    """The kind of a charge. Raises InvalidInput for none."""
    if kind not in _FILTER_KINDS:
        raise InvalidInput("say which kind of charge is meant: a call, a message or another record", "kind")
    return _FILTER_KINDS[kind]


def encode_kind(kind: str) -> "book_pb2.RecordKind.ValueType":
    """The inverse of decode_kind."""
    return _KINDS[kind]


def decode_grouping(group_by: int) -> Grouping | None:
    """None when nothing is to be grouped."""
    return _GROUPINGS.get(group_by)


def encode_open_item(row: Any) -> book_pb2.UnsettledItem:
    """A row of open_items."""
    return book_pb2.UnsettledItem(
        kind=_KINDS[row.record_type],
        record_id=row.record_id,
        session_id=row.session_id,
        call_control_id=row.call_control_id,
        leg_id=row.leg_id,
        start_time=to_timestamp(row.started_at),
        end_time=to_timestamp(row.ended_at),
        open_time=to_timestamp(row.open_at),
        change_time=to_timestamp(row.changed_at),
        missing=row.missing,
        settled=row.is_settled,
        unreadable=row.unreadable,
        awaits_closing=bool(row.unclosed) and not row.missing,
        unclosed=row.unclosed,
    )


def encode_charge(row: Any) -> book_pb2.Charge:
    """A row of telnyx_billing."""
    is_exact = row.status == "exact"
    return book_pb2.Charge(
        id=str(row.id),
        kind=_KINDS[row.record_type],
        record_id=row.record_id,
        phone_number=row.phone_number,
        contact=row.contact,
        direction=row.direction,
        time=timestamp_fields(row.billing_date),
        duration_seconds=row.duration,
        cost=money_fields(Money(row.currency, row.cost_nanos)),
        status=book_pb2.CHARGE_STATUS_EXACT if is_exact else book_pb2.CHARGE_STATUS_ESTIMATED,
        source=row.source,
        description=row.description,
        merged=row.merged_into is not None,
    )


def encode_summary(totals: Sums, groups: Sums, account_currency: str) -> ledger_pb2.SummarizeResponse:
    """Totals over all keys of `totals`, and one group per key of `groups`, in order of the keys."""
    overall: dict[str, Totals] = defaultdict(Totals)
    for of_key in totals.values():
        for currency, addend in of_key.items():
            overall[currency].add_all(addend)
    return ledger_pb2.SummarizeResponse(
        totals=_encode_totals(overall, account_currency),
        groups=[
            ledger_pb2.SummaryGroup(
                key=key, part=part, totals=_encode_totals(groups[key, part], account_currency)
            )
            for key, part in sorted(groups)
        ],
    )


def _encode_totals(by_currency: Mapping[str, Totals], account_currency: str) -> list[ledger_pb2.Totals]:
    return [
        _encode_total(currency, by_currency[currency]) for currency in in_order(by_currency, account_currency)
    ]


def _encode_total(currency: str, totals: Totals) -> ledger_pb2.Totals:
    message = ledger_pb2.Totals(count=totals.count, exact_count=totals.exact_count)
    # A year by day and part is thousands of these, with most amounts 0: a copy is made in a third of the time.
    message.MergeFrom(_nothing(currency))
    for cost, nanos in (
        (message.total_cost, totals.total_nanos),
        (message.call_cost, totals.by_kind["call"]),
        (message.sms_cost, totals.by_kind["sms"]),
        (message.other_cost, totals.by_kind["other"]),
        (message.estimated_cost, totals.total_nanos - totals.exact_nanos),
        (message.exact_cost, totals.exact_nanos),
    ):
        if nanos:
            set_nanos(cost, nanos)
    return message


@lru_cache(maxsize=64)
def _nothing(currency: str) -> ledger_pb2.Totals:
    """Totals of nothing, not to be changed."""
    zero = money(currency, 0)
    return ledger_pb2.Totals(
        currency=currency,
        total_cost=zero,
        call_cost=zero,
        sms_cost=zero,
        other_cost=zero,
        estimated_cost=zero,
        exact_cost=zero,
    )


def in_order(currencies: Iterable[str], account_currency: str) -> list[str]:
    """The account's currency first, then the others by name."""
    return sorted(currencies, key=lambda currency: (currency != account_currency, currency))


def money(currency: str, nanos: int) -> money_pb2.Money:
    """A sum as a message."""
    message = to_money(Money(currency, nanos))
    if message is None:
        raise AssertionError("a sum is never absent")
    return message
