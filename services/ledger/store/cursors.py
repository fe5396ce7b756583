"""Cursors: opaque page tokens that say after which row the next page begins."""

import base64
import binascii
from datetime import datetime
from typing import Annotated

import msgspec

from services.common.errors import InvalidInput
from services.common.times import from_micros, to_micros

_RowId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_decoder = msgspec.msgpack.Decoder(tuple[int, _RowId])


def write_cursor(moment: datetime, row_id: int) -> str:
    """The place of a row, in an order by time and then by id, as text that is safe in a URL."""
    packed = msgspec.msgpack.encode((to_micros(moment), row_id))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(text: str, field: str = "cursor") -> tuple[datetime, int]:
    """The place behind a cursor. Raises InvalidInput for what is no cursor of ours."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        micros, row_id = _decoder.decode(packed)
        return from_micros(micros), row_id
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            "the cursor is not one that Tollbook gave out: start again without it", field
        ) from error
