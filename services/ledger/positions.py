"""Places in the journal as text, for those who watch."""

from services.common.errors import InvalidInput

_MAX_DIGITS = 18


def write_position(entry_id: int) -> str:
    """The place behind an entry."""
    return str(entry_id)


def read_position(text: str) -> int:
    """The id of the entry behind which a position stands. Raises InvalidInput for what is no position."""
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise InvalidInput("this is no position that Tollbook told: watch again without one", "position")
    return int(text)
