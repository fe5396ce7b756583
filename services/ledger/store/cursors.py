"""Cursors: opaque page tokens that say after which row the next page begins."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from services.common.errors import InvalidInput
from services.common.times import from_micros, to_micros

RowId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
BigInt = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Place = TypeVar("Place")


def pack_cursor(place: tuple[object, ...]) -> str:
    """A place as text that is safe in a URL."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


def unpack_cursor(text: str, kind: type[Place], field: str = "cursor") -> Place:
    """The inverse of pack_cursor. Raises InvalidInput for what is no cursor of this kind."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise _foreign(field) from error


def write_cursor(moment: datetime, row_id: int) -> str:
    """The place of a row in an order by time and then by id."""
    return pack_cursor((to_micros(moment), row_id))


def read_cursor(text: str, field: str = "cursor") -> tuple[datetime, int]:
    """The inverse of write_cursor. Raises InvalidInput for what is no cursor of ours."""
    micros, row_id = unpack_cursor(text, tuple[BigInt, RowId], field)
    try:
        return from_micros(micros), row_id
    except OverflowError as error:
        raise _foreign(field) from error


def _foreign(field: str) -> InvalidInput:
    return InvalidInput("the cursor is not one that Tollbook gave out: start again without it", field)
