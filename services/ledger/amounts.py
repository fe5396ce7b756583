"""Amounts and days of requests, checked: what the book keeps has a currency and fits its columns."""

from datetime import date, datetime, timedelta

from google.protobuf.message import Message
from google.type import date_pb2

from services.common.errors import InvalidInput
from services.common.money import MAX_NANOS, Money
from services.common.times import start_of_day
from services.common.wire import from_date, from_timestamp, optional_money
from services.ledger.admission import admit_moment, refused_as

MAX_DAYS = 366
"""The longest stretch of days that one answer tells."""


def money_of(message: Message, field: str, currency: str | None = None) -> Money:
    """An amount that must be there, and in the given currency if one is. Raises InvalidInput."""
    amount = optional_money(message, field)
    if amount is None or not amount.currency:
        raise InvalidInput(f"{field} is missing", field)
    if currency is not None and amount.currency != currency:
        raise InvalidInput(f"{field} is in {amount.currency}, the others are in {currency}", field)
    if abs(amount.nanos) > MAX_NANOS:
        raise InvalidInput(f"{field} is beyond what the book can hold", field)
    return amount


def moment_of(message: Message, field: str) -> datetime:
    """A moment that must be there and lie in a calendar's reach. Raises InvalidInput."""
    if not message.HasField(field):
        raise InvalidInput(f"{field} is missing", field)
    with refused_as(field):
        return admit_moment(from_timestamp(getattr(message, field)), field)


def day_of(message: date_pb2.Date, field: str) -> date:
    """A UTC day. Raises InvalidInput for one that no calendar has, or that lies too far away."""
    with refused_as(field):
        day = from_date(message)
    admit_moment(start_of_day(day), field)
    return day


def period_of(message: Message) -> tuple[datetime, datetime]:
    """[`from_time`, `to_time`). Raises InvalidInput for one that ends before it begins."""
    from_at, to_at = moment_of(message, "from_time"), moment_of(message, "to_time")
    if from_at > to_at:
        raise InvalidInput("the range ends before it begins", "to")
    return from_at, to_at


def days_of(from_day: date_pb2.Date, to_day: date_pb2.Date) -> tuple[date, date]:
    """[`from_day`, `to_day`). Raises InvalidInput for a range that ends before it begins, or is longer than a year."""
    first, after = day_of(from_day, "from_day"), day_of(to_day, "to_day")
    if first > after:
        raise InvalidInput("the range ends before it begins", "to_day")
    if after - first > timedelta(days=MAX_DAYS):
        raise InvalidInput(f"at most {MAX_DAYS} days at once", "to_day")
    return first, after
