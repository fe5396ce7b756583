"""Telnyx's words for the direction of a call or message, seen from the account."""

from services.telnyx_vocabulary.detail_record import Direction

DIRECTIONS: dict[str, Direction] = {
    "inbound": "inbound",
    "incoming": "inbound",
    "outbound": "outbound",
    "outgoing": "outbound",
}
