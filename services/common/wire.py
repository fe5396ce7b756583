"""Money, times and days to and from the well-known protobuf types."""

from datetime import date, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, money_pb2

from services.common.money import NANOS_PER_UNIT, Money
from services.common.times import from_micros, to_micros

_MICROS_PER_SECOND = 1_000_000


def to_money(money: Money | None) -> money_pb2.Money | None:
    """google.type.Money wants units and nanos of the same sign."""
    if money is None:
        return None
    message = money_pb2.Money(currency_code=money.currency)
    set_nanos(message, money.nanos)
    return message


def set_nanos(message: money_pb2.Money, nanos: int) -> None:
    """Give an amount to a message that has its currency."""
    sign = -1 if nanos < 0 else 1
    units, rest = divmod(abs(nanos), NANOS_PER_UNIT)
    message.units, message.nanos = sign * units, sign * rest


def from_money(money: money_pb2.Money) -> Money:
    """The inverse of to_money."""
    return Money(money.currency_code, money.units * NANOS_PER_UNIT + money.nanos)


def to_timestamp(moment: datetime | None) -> Timestamp | None:
    """A moment to the microsecond; None stays None (an unset field)."""
    if moment is None:
        return None
    seconds, micros = divmod(to_micros(moment), _MICROS_PER_SECOND)
    return Timestamp(seconds=seconds, nanos=micros * 1000)


def from_timestamp(stamp: Timestamp) -> datetime:
    """The inverse of to_timestamp."""
    return from_micros(stamp.seconds * _MICROS_PER_SECOND + stamp.nanos // 1000)


def to_date(day: date) -> date_pb2.Date:
    """A day of the calendar."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def from_date(message: date_pb2.Date) -> date:
    """The inverse of to_date. Raises ValueError for what is no day: an unset field, a 30th of February."""
    return date(message.year, message.month, message.day)


def optional_time(message: Message, field: str) -> datetime | None:
    """A Timestamp field of a message, None where it is unset."""
    return from_timestamp(getattr(message, field)) if message.HasField(field) else None


def optional_money(message: Message, field: str) -> Money | None:
    """A Money field of a message, None where it is unset."""
    return from_money(getattr(message, field)) if message.HasField(field) else None
