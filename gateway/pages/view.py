"""What a request asks the page for. Bad input is refused by name, as in the REST interface."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from gateway.filters import Range, read_filter, read_order, read_range
from gateway.pages.links import Query
from gateway.pages.periods import Period, covered_period, period_before
from gateway.pages.zones import Zone, find_zone
from gateway.parameters import cursor_parameter, number_parameter, text_parameter
from gateway.problems import Problem
from tollbook.ledger.v1.ledger_pb2 import ChargeFilter, ChargeOrder

_DEFAULT_ROWS = 50
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class View:
    """One view of the page. `period` is what its range covers by now, `before` the same length of time before that."""

    query: Query
    wanted: ChargeFilter
    span: Range
    period: Period | None
    before: Period | None
    order: ChargeOrder.ValueType
    row_count: int
    cursor: str
    zone: Zone


def read_view(request: Request, now: datetime) -> View:
    """The view of a request. Raises Problem."""
    wanted = read_filter(request, now)
    span = read_range(request, now)
    period = covered_period(span.from_at, span.to_at, now)
    return View(
        query=read_query(request),
        wanted=wanted,
        span=span,
        period=period,
        before=period_before(period) if period else None,
        order=read_order(request),
        row_count=number_parameter(request, "limit", _DEFAULT_ROWS, highest=_MOST_ROWS),
        cursor=cursor_parameter(request),
        zone=read_zone(request),
    )


def read_query(request: Request) -> Query:
    """The parameters as they came, also where they cannot be read."""
    return Query.of(request.query_params.multi_items())


def read_zone(request: Request) -> Zone:
    """`zone`: in which zone times are shown. Raises Problem."""
    zone = find_zone(text_parameter(request, "zone"))
    if zone is None:
        raise Problem(422, "zone must be the name of a time zone, such as Europe/Berlin or UTC", "zone")
    return zone
