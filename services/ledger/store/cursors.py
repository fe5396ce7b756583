"""Cursors: opaque page tokens that say where the next page begins."""

import base64
import binascii
from typing import TypeVar

import msgspec

from services.common.errors import InvalidInput

Position = TypeVar("Position")


def write_cursor(position: tuple[int, ...]) -> str:
    """A position as text that is safe in a URL."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(position)).decode().rstrip("=")


def read_cursor(text: str, kind: type[Position], field: str = "cursor") -> Position:
    """The position behind a cursor. Raises InvalidInput for what is no cursor of ours."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.msgpack.decode(packed, type=kind)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidInput(
            "the cursor is not one that Tollbook gave out: start again without it", field
        ) from error
