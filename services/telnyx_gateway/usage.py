"""Asking `GET /v2/usage_reports` what Telnyx itself adds up per product and UTC day (Telnyx facts, section 6)."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec
import structlog
from prometheus_client import Counter

from services.common.clock import Clock
from services.common.errors import InvalidInput, TelnyxUnreachable
from services.common.money import Money
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.pages import parse_rows
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DEFAULT_CURRENCY, ValueReader, is_absent
from services.telnyx_vocabulary.record_types import find_record_type

UNREADABLE_ROWS = Counter(
    "tollbook_telnyx_unreadable_usage_rows", "Rows of usage reports whose cost could not be read", ["product"]
)

MAX_DAYS = 31
_PAGE_SIZE = 5_000
_MAX_PAGES = 20
_BY_PRODUCT = "usage:"
_PRODUCT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_NOISY = re.compile(r"-?[0-9]{1,10}\.[0-9]{10,40}", re.ASCII)
_NANO = Decimal(1).scaleb(-9)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What one product cost on one UTC day, exact only to the `decimals` that Telnyx wrote."""

    day: date
    cost: Money
    decimals: int


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
class _DayRow:
    """`cost` is None where it is absent or cannot be read."""

    day: date
    cost: Money | None
    decimals: int


@dataclass(frozen=True, slots=True)
class _Page:
    rows: list[_DayRow]
    total_pages: int


def product_of(record_type: str) -> str:
    """What usage_reports call a record type, or the product that `usage:<product>` names itself.

    Raises InvalidInput.
    """
    if record_type.startswith(_BY_PRODUCT):
        product = record_type.removeprefix(_BY_PRODUCT)
        if _PRODUCT.fullmatch(product) is None:
            raise InvalidInput(f"not the name of a product: {product[:40]!r}", field="record_type")
        return product
    known = find_record_type(record_type)
    if known is None:
        raise InvalidInput(f"no such record type: {record_type[:40]!r}", field="record_type")
    return known.product


async def read_usage(
    client: TelnyxClient, clock: Clock, product: str, days: tuple[date, date], priority: Priority
) -> Usage:
    """The days from `days[0]` to before `days[1]`, at most 31.

    Raises InvalidInput, TelnyxRefused (also for a product that Telnyx does not know), TelnyxUnreachable and
    QuotaExhausted.
    """
    first, end = days
    if not timedelta(0) < end - first <= timedelta(days=MAX_DAYS):
        raise InvalidInput(f"usage is read for 1 to {MAX_DAYS} days at a time", field="to_day")
    rows: list[_DayRow] = []
    for number in range(1, _MAX_PAGES + 1):
        page = await client.ask(_request(product, first, end, number), priority)
        rows += [row for row in page.rows if first <= row.day < end]
        if number >= page.total_pages:
            UNREADABLE_ROWS.labels(product=product).inc(sum(row.cost is None for row in rows))
            return Usage(_added_up(rows), clock.now())
    raise TelnyxUnreachable(f"Telnyx's usage report of {product} has more than {_MAX_PAGES} pages")


def _request(product: str, first: date, end: date, number: int) -> Request[_Page]:
    return Request(
        "usage_reports",
        {
            "product": product,
            "dimensions": "date",
            "metrics": "cost",
            "start_date": f"{first.isoformat()}T00:00:00Z",
            "end_date": f"{end.isoformat()}T00:00:00Z",
            "page[number]": str(number),
            "page[size]": str(_PAGE_SIZE),
        },
        _parse_page,
        f"[TELNYX USAGE] {product} from {first} to {end}",
    )


def _parse_page(body: bytes) -> _Page:
    page = parse_rows(body)
    return _Page(list(map(_read_row, page.rows)), page.total_pages)


def _read_row(raw: bytes) -> _DayRow:
    reader = ValueReader()
    row = reader.shape(msgspec.Raw(raw), "row", _Row) or _Row()
    currency = DEFAULT_CURRENCY if is_absent(row.currency) else reader.text(row.currency, "currency")
    written = without_noise(reader.text(row.cost, "cost"))
    cost = reader.money(msgspec.Raw(written.encode()), "cost", currency)
    try:
        # Some rows give the day as the start of a time.
        day = date.fromisoformat(reader.text(row.date, "date")[:10])
    except ValueError as error:
        raise UnreadableAnswer("a row of usage names no day") from error
    if reader.unreadable:
        _log.warning("usage.unreadable", day=day.isoformat(), message="; ".join(reader.unreadable))
    return _DayRow(day, cost, 0 if cost is None else written_decimals(written))


def without_noise(text: str) -> str:
    """A sum of Telnyx's as it was meant: `0.30000000000000004` is what binary floats make of 0.1 + 0.2.

    No bill has more than nine decimals, and nothing is booked from a report: it is what the book is held against. So
    what lies beyond the ninth decimal is rounded off, and the zeros that this leaves. What is not 0 stays so, or it
    could prove that nothing was used; and what is no such number stays as it is.
    """
    match = _NOISY.fullmatch(text)
    if match is None:
        return text
    rounded = Decimal(text).quantize(_NANO)
    return text if not rounded else f"{rounded.normalize():f}"


def written_decimals(text: str) -> int:
    """With how many decimals an amount that can be read is written: 2 of `1.50`, 7 of `1.666E-4`, 0 of `12`."""
    exponent = Decimal(text).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _added_up(rows: list[_DayRow]) -> tuple[UsageDay, ...]:
    """One row per day and currency, in order; a day of which any row cannot be read is left out."""
    dark = {row.day for row in rows if row.cost is None}
    sums: dict[tuple[date, str], UsageDay] = {}
    for row in rows:
        if row.cost is None or row.day in dark:
            continue
        key = (row.day, row.cost.currency)
        before = sums.get(key, UsageDay(row.day, Money(row.cost.currency, 0), 0))
        sums[key] = UsageDay(row.day, before.cost + row.cost, max(before.decimals, row.decimals))
    return tuple(sums[key] for key in sorted(sums))
