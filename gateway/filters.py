"""Which charges a request asks about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.requests import Request

from gateway.parameters import (
    choice_parameter,
    moment_parameter,
    number_parameter,
    phone_parameter,
    start_of_day,
    text_parameter,
)
from gateway.problems import Problem
from services.common.wire import to_timestamp
from tollbook.ledger.v1.book_pb2 import (
    CHARGE_STATUS_ESTIMATED,
    CHARGE_STATUS_EXACT,
    CHARGE_STATUS_UNSPECIFIED,
    RECORD_KIND_CALL,
    RECORD_KIND_OTHER,
    RECORD_KIND_SMS,
    RECORD_KIND_UNSPECIFIED,
)
from tollbook.ledger.v1.ledger_pb2 import (
    CHARGE_ORDER_CHEAPEST,
    CHARGE_ORDER_DEAREST,
    CHARGE_ORDER_LONGEST,
    CHARGE_ORDER_NEWEST,
    CHARGE_ORDER_OLDEST,
    CHARGE_ORDER_SHORTEST,
    ChargeFilter,
    ChargeOrder,
)

DEFAULT_DAYS = 30
DEFAULT_SORT = "-timestamp"

_MAX_DAYS = 3660
_KINDS = {
    "all": RECORD_KIND_UNSPECIFIED,
    "call": RECORD_KIND_CALL,
    "sms": RECORD_KIND_SMS,
    "other": RECORD_KIND_OTHER,
}
_STATUSES = {
    "all": CHARGE_STATUS_UNSPECIFIED,
    "estimated": CHARGE_STATUS_ESTIMATED,
    "exact": CHARGE_STATUS_EXACT,
}
_DIRECTIONS = {"all": "", "inbound": "inbound", "outbound": "outbound"}
_ORDERS = {
    "-timestamp": CHARGE_ORDER_NEWEST,
    "timestamp": CHARGE_ORDER_OLDEST,
    "-cost": CHARGE_ORDER_DEAREST,
    "cost": CHARGE_ORDER_CHEAPEST,
    "-duration": CHARGE_ORDER_LONGEST,
    "duration": CHARGE_ORDER_SHORTEST,
}


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of billing dates; `to_at` is exclusive, None is open."""

    from_at: datetime | None
    to_at: datetime | None


def last_days(days: int, now: datetime) -> Range:
    """Everything of the last `days` times 24 hours, from the start of the UTC day in which they begin.

    Open at the end: Telnyx's clocks can be a minute ahead of ours.
    """
    return Range(start_of_day(now - timedelta(days=days)), None)


def read_range(request: Request, now: datetime) -> Range:
    """`from` and `to`, or `days`, or without any the last 30 days. Raises Problem."""
    from_at = moment_parameter(request, "from")
    to_at = moment_parameter(request, "to", is_end=True)
    has_days = bool(text_parameter(request, "days"))
    days = number_parameter(request, "days", DEFAULT_DAYS, highest=_MAX_DAYS)
    if from_at is None and to_at is None:
        return last_days(days, now)
    if has_days:
        raise Problem(422, "days and from/to exclude each other", "days")
    if from_at is not None and to_at is not None and from_at >= to_at:
        raise Problem(422, "from must be before to", "from")
    return Range(from_at, to_at)


def read_filter(request: Request, now: datetime) -> ChargeFilter:
    """phoneNumber, recordType, status, direction, text and the range. Raises Problem."""
    return charge_filter(
        read_range(request, now),
        ChargeFilter(
            phone_number=phone_parameter(request, "phoneNumber"),
            kind=choice_parameter(request, "recordType", _KINDS, "all"),
            status=choice_parameter(request, "status", _STATUSES, "all"),
            direction=choice_parameter(request, "direction", _DIRECTIONS, "all"),
            text=text_parameter(request, "text").strip(),
        ),
    )


def read_order(request: Request) -> ChargeOrder.ValueType:
    """`sort`: the field that leads, with a `-` for its greatest first. Raises Problem."""
    return choice_parameter(request, "sort", _ORDERS, DEFAULT_SORT)


def charge_filter(span: Range, rest: ChargeFilter | None = None) -> ChargeFilter:
    """A range as the ledger takes it, on top of the `rest` of a filter."""
    made = ChargeFilter(from_time=to_timestamp(span.from_at), to_time=to_timestamp(span.to_at))
    if rest is not None:
        made.MergeFrom(rest)
    return made
