"""Money, times, lengths of time and days to and from the well-known protobuf types."""

from datetime import date, datetime, timedelta
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.type import date_pb2, money_pb2

from services.common.money import NANOS_PER_UNIT, Money
from services.common.times import EPOCH

_SECONDS_PER_DAY = 86_400


def to_money(money: Money | None) -> money_pb2.Money | None:
    """google.type.Money wants units and nanos of the same sign."""
    if money is None:
        return None
    units, nanos = _units_and_nanos(money.nanos)
    return money_pb2.Money(currency_code=money.currency, units=units, nanos=nanos)


def set_nanos(message: money_pb2.Money, nanos: int) -> None:
    """Give an amount to a message that has its currency."""
    message.units, message.nanos = _units_and_nanos(nanos)


def _units_and_nanos(nanos: int) -> tuple[int, int]:
    sign = -1 if nanos < 0 else 1
    units, rest = divmod(abs(nanos), NANOS_PER_UNIT)
    return sign * units, sign * rest


def from_money(money: money_pb2.Money) -> Money:
    """The inverse of to_money."""
    return Money(money.currency_code, money.units * NANOS_PER_UNIT + money.nanos)


def to_timestamp(moment: datetime | None) -> Timestamp | None:
    """A moment to the microsecond; None stays None (an unset field)."""
    return None if moment is None else Timestamp(**timestamp_fields(moment))


def from_timestamp(stamp: Timestamp) -> datetime:
    """The inverse of to_timestamp."""
    return EPOCH + timedelta(0, stamp.seconds, stamp.nanos // 1000)


def to_duration(length: timedelta | None) -> Duration | None:
    """A length of time to the microsecond; None stays None (an unset field)."""
    if length is None:
        return None
    message = Duration()
    message.FromTimedelta(length)
    return message


def timestamp_fields(moment: datetime | None) -> Any:
    """What to_timestamp makes, as fields to make a larger message of, in a third of the time.

    A dictionary or None; protobuf takes it in place of the message, which the generated stubs do not know.
    """
    if moment is None:
        return None
    since = moment - EPOCH
    return {"seconds": since.days * _SECONDS_PER_DAY + since.seconds, "nanos": since.microseconds * 1000}


def money_fields(money: Money | None) -> dict[str, str | int] | None:
    """What to_money makes, as the fields of a message that is made of it."""
    if money is None:
        return None
    units, nanos = _units_and_nanos(money.nanos)
    return {"currency_code": money.currency, "units": units, "nanos": nanos}


def to_date(day: date) -> date_pb2.Date:
    """A day of the calendar."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def from_date(message: date_pb2.Date) -> date:
    """The inverse of to_date. Raises ValueError for what is no day: an unset field, a 30th of February."""
    return date(message.year, message.month, message.day)


def optional_time(message: Message, field: str) -> datetime | None:
    """A Timestamp field of a message, None where it is unset."""
    return from_timestamp(getattr(message, field)) if message.HasField(field) else None


def optional_length(message: Message, field: str) -> timedelta | None:
    """A Duration field of a message, None where it is unset."""
    if not message.HasField(field):
        return None
    length: timedelta = getattr(message, field).ToTimedelta()
    return length


def optional_money(message: Message, field: str) -> Money | None:
    """A Money field of a message, None where it is unset."""
    return from_money(getattr(message, field)) if message.HasField(field) else None
