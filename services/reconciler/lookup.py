"""How an id that the ledger does not know may be found at Telnyx: pure."""

import re
from typing import Final

from services.reconciler.reads import IdFilter, IdKind, Read
from services.telnyx_vocabulary.record_types import RECORD_TYPES, RecordType

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def lookups(some_id: str) -> list[Read]:
    """The readings that may find an id, the likeliest first. Each restricts a type to an id that its records carry.

    What is no UUID can only be a call_control_id; a UUID can be an id of any kind (Telnyx facts, section 1).
    """
    kinds: tuple[IdKind, ...] = ("call_control", "leg", "record", "session")
    if _UUID.fullmatch(some_id) is None:
        kinds = ("call_control",)
    return [
        Read(record_type=known.name, priority="person", id_filter=IdFilter(kind, some_id))
        for kind in kinds
        for known in RECORD_TYPES
        if _can_be_found(known, kind)
    ]


def _can_be_found(known: RecordType, kind: IdKind) -> bool:
    """Calls by the ids of their legs and sessions, messages by their own."""
    match kind:
        case "call_control":
            return known.carries_call and bool(known.call_control_field)
        case "leg":
            return known.carries_call and bool(known.leg_field)
        case "session":
            return known.carries_call and bool(known.session_field)
        case "record":
            return known.is_message
