"""Aggregated usage per product and UTC day, from the same records. Source: Telnyx facts, section 6."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.sandbox.amounts import ZERO
from tests.sandbox.answers import bad_request
from tests.sandbox.clock import from_text
from tests.sandbox.query import positive_number
from tests.sandbox.record_types import RECORD_TYPES, UNLISTED_TYPES
from tests.sandbox.records import DetailRecord

MAX_DAYS = 31
DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 5_000
DIMENSIONS = ("date", "direction", "currency", "connection_id", "country_code")
_CALL_METRICS = ("cost", "billed_sec", "call_sec", "attempted", "connected", "completed")
_METRICS = {"messaging": ("cost", "customer_carrier_fee", "count", "parts"), "sip-trunking": _CALL_METRICS}
_ANY_METRICS = ("cost", "billed_sec", "call_sec", "count")
_FLOAT_NOISE = Decimal("4E-17")
_TYPES = (*RECORD_TYPES, *UNLISTED_TYPES)
PRODUCTS = tuple(dict.fromkeys(entry.usage_product for entry in _TYPES))

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """`end` is exclusive."""

    product: str
    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    start: datetime
    end: datetime
    page_number: int
    page_size: int

    @property
    def type_names(self) -> list[str]:
        return [entry.name for entry in _TYPES if entry.usage_product == self.product]


@dataclass(frozen=True, slots=True)
class UsageForm:
    """How usage_reports write: days without usage as zero rows or not at all, and with how many decimals.

    `float_noise`: as if the sum had gone through binary floats, `0.30000000000000004`.
    """

    zero_days: bool = True
    decimals: int | None = None
    float_noise: bool = False

    def written(self, value: Decimal | int) -> Decimal | int:
        """A metric as it is shown."""
        if not isinstance(value, Decimal):
            return value
        if self.decimals is not None:
            value = round(value, self.decimals)
        return value + _FLOAT_NOISE if self.float_noise and value else value


def parse_usage_query(parameters: Mapping[str, str]) -> UsageQuery:
    """Raises ApiError 400 for an unknown product, dimension or metric, and for more than 31 days."""
    product = parameters.get("product", "")
    if product not in PRODUCTS:
        raise bad_request(f"Product invalid value. Products: {','.join(PRODUCTS)}")
    dimensions = _names(parameters, "dimensions", DIMENSIONS)
    metrics = _names(parameters, "metrics", metrics_of(product))
    start, end = _time(parameters, "start_date"), _time(parameters, "end_date")
    if not start < end <= start + timedelta(days=MAX_DAYS):
        raise bad_request(f"Dates invalid values. The maximum time range is {MAX_DAYS} days")
    number = positive_number("page[number]", parameters.get("page[number]", "1"))
    size = positive_number("page[size]", parameters.get("page[size]", str(DEFAULT_PAGE_SIZE)))
    return UsageQuery(product, dimensions, metrics, start, end, number, min(size, MAX_PAGE_SIZE))


def metrics_of(product: str) -> tuple[str, ...]:
    return _METRICS.get(product, _ANY_METRICS)


def usage_options(product: str | None) -> list[Row]:
    """What can be asked of each product."""
    names = PRODUCTS if product is None else [name for name in PRODUCTS if name == product]
    return [
        {
            "product": name,
            "product_dimensions": list(DIMENSIONS),
            "product_metrics": list(metrics_of(name)),
            "record_types": [],
        }
        for name in names
    ]


def usage_rows(query: UsageQuery, records: Iterable[DetailRecord], form: UsageForm) -> list[Row]:
    """One row per combination of dimensions, newest day last."""
    groups: dict[tuple[str, ...], list[DetailRecord]] = {}
    if form.zero_days and query.dimensions == ("date",):
        groups = {(day,): [] for day in _days(query)}
    for record in records:
        if query.start <= record.at < query.end:
            groups.setdefault(_key(query, record), []).append(record)
    return [
        {"product": query.product, **dict(zip(query.dimensions, key, strict=True))}
        | {metric: form.written(_metric(metric, rows)) for metric in query.metrics}
        for key, rows in sorted(groups.items())
    ]


def _days(query: UsageQuery) -> Iterator[str]:
    day = query.start.astimezone(UTC).date()
    while datetime(day.year, day.month, day.day, tzinfo=UTC) < query.end:
        yield day.isoformat()
        day += timedelta(days=1)


def _key(query: UsageQuery, record: DetailRecord) -> tuple[str, ...]:
    day = record.at.astimezone(UTC).date().isoformat()
    return tuple(day if name == "date" else str(record.fields.get(name)) for name in query.dimensions)


def _metric(metric: str, records: list[DetailRecord]) -> Decimal | int:
    match metric:
        case "cost":
            return sum((_shown_cost(record) for record in records), ZERO)
        case "customer_carrier_fee":
            return sum((Decimal(str(record.fields["carrier_fee"])) for record in records), ZERO)
        case "count" | "attempted":
            return len(records)
        case "connected" | "completed":
            return sum(bool(record.fields.get("answered_at")) for record in records)
        case _:
            return sum(int(str(record.fields.get(metric) or 0)) for record in records)


def _shown_cost(record: DetailRecord) -> Decimal:
    """What was charged by the record's own amount field; what was charged at all where that is none."""
    if not record.charge:
        return ZERO
    try:
        return Decimal(str(record.fields[record.type.amount_field]))
    except (KeyError, ArithmeticError):
        return record.charge


def _names(parameters: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(filter(None, parameters.get(name, "").split(",")))
    if not names or not set(names) <= set(allowed):
        raise bad_request(f"{name.capitalize()} invalid values. {name.capitalize()}: {','.join(allowed)}")
    return names


def _time(parameters: Mapping[str, str], name: str) -> datetime:
    try:
        return from_text(parameters.get(name, ""))
    except ValueError:
        raise bad_request(f"Dates invalid values: {name}") from None
