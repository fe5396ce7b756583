"""Reading what requests of several services have in common."""

from datetime import date

from google.type import date_pb2

from services.common.errors import InvalidInput
from services.common.wire import from_date
from services.telnyx_gateway.quota import Priority


def decode_priority(value: int) -> Priority:
    """Who says nothing waits behind everybody else."""
    try:
        return Priority(value)
    except ValueError:
        return Priority.BACKGROUND


def decode_day(day: date_pb2.Date, field: str) -> date:
    """A day of a request. Raises InvalidInput naming the field."""
    try:
        return from_date(day)
    except ValueError as error:
        raise InvalidInput(f"{field} is not a day", field=field) from error
