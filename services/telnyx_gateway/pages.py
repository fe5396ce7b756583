"""Pages of rows, which many endpoints answer with (Telnyx facts, section 3)."""

from services.telnyx_gateway.request import UnreadableAnswer
from services.telnyx_vocabulary.records import RowPage, UnreadablePage, decode_rows


def parse_rows(body: bytes) -> RowPage:
    """The rows of one page, not yet read. Raises UnreadableAnswer."""
    try:
        return decode_rows(body)
    except UnreadablePage as error:
        raise UnreadableAnswer(str(error)) from error
