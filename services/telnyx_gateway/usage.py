"""Asking `GET /v2/usage_reports` what Telnyx itself adds up per product and UTC day (Telnyx facts, section 6)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
import structlog

from services.common.clock import Clock
from services.common.errors import InvalidInput, TelnyxUnreachable
from services.common.money import Money
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DEFAULT_CURRENCY, ValueReader, is_absent
from services.telnyx_vocabulary.record_types import RecordType
from services.telnyx_vocabulary.records import UnreadablePage, decode_rows

MAX_DAYS = 31
_PAGE_SIZE = 5_000
_MAX_PAGES = 20
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What one product cost on one UTC day."""

    day: date
    cost: Money


@dataclass(frozen=True, slots=True)
class Usage:
    """The days for which Telnyx gave a readable row; any other day proves nothing."""

    days: tuple[UsageDay, ...]
    read_at: datetime


class _Row(msgspec.Struct):
    date: msgspec.Raw = ABSENT
    cost: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[tuple[date, Money | None]]
    total_pages: int


async def read_usage(
    client: TelnyxClient, clock: Clock, record_type: RecordType, days: tuple[date, date], priority: Priority
) -> Usage:
    """The days from `days[0]` to before `days[1]`, at most 31.

    Raises InvalidInput, TelnyxRefused (also for a product that Telnyx does not know), TelnyxUnreachable and
    QuotaExhausted.
    """
    first, end = days
    if not timedelta(0) < end - first <= timedelta(days=MAX_DAYS):
        raise InvalidInput(f"usage is read for 1 to {MAX_DAYS} days at a time", field="to_day")
    rows: list[tuple[date, Money | None]] = []
    for number in range(1, _MAX_PAGES + 1):
        page = await client.get(_request(record_type, first, end, number), priority)
        rows += [row for row in page.rows if first <= row[0] < end]
        if number >= page.total_pages:
            return Usage(_added_up(rows), clock.now())
    raise TelnyxUnreachable(
        f"Telnyx's usage report of {record_type.product} has more than {_MAX_PAGES} pages"
    )


def _request(record_type: RecordType, first: date, end: date, number: int) -> Request[_Page]:
    return Request(
        "usage_reports",
        {
            "product": record_type.product,
            "dimensions": "date",
            "metrics": "cost",
            "start_date": f"{first.isoformat()}T00:00:00Z",
            "end_date": f"{end.isoformat()}T00:00:00Z",
            "page[number]": str(number),
            "page[size]": str(_PAGE_SIZE),
        },
        _parse_page,
        f"[TELNYX USAGE] {record_type.product} from {first} to {end}",
    )


def _parse_page(body: bytes) -> _Page:
    try:
        page = decode_rows(body)
    except UnreadablePage as error:
        raise UnreadableAnswer(str(error)) from error
    return _Page(list(map(_read_row, page.rows)), page.total_pages)


def _read_row(raw: bytes) -> tuple[date, Money | None]:
    """The day of one row and what it cost, None where that is absent or cannot be read."""
    reader = ValueReader()
    row = reader.shape(msgspec.Raw(raw), "row", _Row) or _Row()
    currency = DEFAULT_CURRENCY if is_absent(row.currency) else reader.text(row.currency, "currency")
    cost = reader.money(row.cost, "cost", currency)
    try:
        # Some rows give the day as the start of a time.
        day = date.fromisoformat(reader.text(row.date, "date")[:10])
    except ValueError as error:
        raise UnreadableAnswer("a row of usage names no day") from error
    if reader.unreadable:
        _log.warning("usage.unreadable", day=day.isoformat(), message="; ".join(reader.unreadable))
    return day, cost


def _added_up(rows: list[tuple[date, Money | None]]) -> tuple[UsageDay, ...]:
    """One row per day and currency, in order; a day of which any row cannot be read is left out."""
    dark = {day for day, cost in rows if cost is None}
    nanos: dict[tuple[date, str], int] = {}
    for day, cost in rows:
        if cost is not None and day not in dark:
            key = (day, cost.currency)
            nanos[key] = nanos.get(key, 0) + cost.nanos
    return tuple(UsageDay(day, Money(currency, amount)) for (day, currency), amount in sorted(nanos.items()))
