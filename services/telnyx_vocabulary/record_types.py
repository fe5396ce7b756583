"""The detail-record types of Telnyx: one table entry says all that Tollbook knows about a type.

Source: Telnyx facts, sections 3 and 4. Adding a type means adding one entry here, and one fixture.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecordType:
    """What one record type is called, which ids it carries, and how it is billed.

    `time_field` orders and filters its records. An id field that a type does not carry is empty.
    `billed_by_unit`: billed per invocation, character, message... rather than per time.
    `carries_call`: a record of this type is a call leg of its own when nothing else is known of it.
    `announcing_events`: webhooks which say that a record of this type is to come.
    `counts_per_event`: one record is to come for each such webhook, rather than one for all.
    `call_part`: what `call.cost` calls the same charge. `usage_product`: what usage_reports call it.
    """

    name: str
    time_field: str = "started_at"
    aliases: tuple[str, ...] = ()
    id_field: str = "id"
    amount_field: str = "cost"
    session_field: str = ""
    call_control_field: str = ""
    leg_field: str = ""
    sip_call_field: str = ""
    end_field: str = ""
    billed_by_unit: bool = False
    carries_call: bool = False
    is_message: bool = False
    has_money: bool = True
    announcing_events: tuple[str, ...] = ()
    counts_per_event: bool = False
    call_part: str = ""
    usage_product: str = ""

    @property
    def is_session_scoped(self) -> bool:
        """Its records name a session but no leg: their money lives with the session (design, rule 3.e)."""
        return bool(self.session_field) and not (self.leg_field or self.call_control_field)

    @property
    def product(self) -> str:
        """Its name in usage_reports."""
        return self.usage_product or self.name


RECORD_TYPES: tuple[RecordType, ...] = (
    RecordType(
        "sip-trunking",
        session_field="telnyx_session_id",
        call_control_field="call_control_id",
        sip_call_field="sip_call_id",
        end_field="finished_at",
        carries_call=True,
        call_part="sip-trunking",
    ),
    RecordType(
        "call-control",
        session_field="telnyx_session_id",
        leg_field="telnyx_leg_id",
        carries_call=True,
        call_part="call-control",
    ),
    RecordType("webrtc", session_field="telnyx_session_id", leg_field="telnyx_leg_id", carries_call=True),
    RecordType(
        "recording",
        session_field="telnyx_session_id",
        announcing_events=("call.recording.saved",),
        counts_per_event=True,
        call_part="call-recording",
    ),
    RecordType(
        "amd",
        time_field="invoked_at",
        session_field="call_session_id",
        leg_field="call_leg_id",
        billed_by_unit=True,
        announcing_events=("call.machine.detection.ended", "call.machine.premium.detection.ended"),
        counts_per_event=True,
    ),
    RecordType(
        "media-streaming",
        session_field="call_session_id",
        leg_field="call_leg_id",
        announcing_events=("streaming.started",),
    ),
    RecordType("noise-suppression", session_field="call_session_id", leg_field="call_leg_id"),
    RecordType("siprec-client", session_field="call_session_id", leg_field="call_leg_id"),
    RecordType(
        "stt",
        time_field="start_time",
        aliases=("speech-to-text",),
        end_field="end_time",
        session_field="call_session_id",
        leg_field="call_leg_id",
        announcing_events=("call.transcription",),
        usage_product="speech-to-text",
    ),
    RecordType(
        "tts",
        time_field="created_at",
        aliases=("text-to-speech",),
        session_field="call_session_id",
        leg_field="call_leg_id",
        billed_by_unit=True,
        usage_product="text-to-speech",
    ),
    RecordType(
        "ai-voice-assistant",
        time_field="created_at",
        session_field="telnyx_session_id",
        leg_field="telnyx_leg_id",
        call_control_field="call_control_id",
        announcing_events=("call.conversation.ended",),
    ),
    RecordType(
        "conference-participant",
        time_field="joined_at",
        session_field="call_session_id",
        leg_field="call_leg_id",
        usage_product="conference",
    ),
    RecordType("conference", has_money=False),
    RecordType("inference", time_field="created_at", billed_by_unit=True),
    RecordType(
        "messaging",
        time_field="created_at",
        id_field="uuid",
        billed_by_unit=True,
        is_message=True,
    ),
    RecordType(
        "verify",
        time_field="created_at",
        amount_field="verify_usage_fee",
        billed_by_unit=True,
        usage_product="verify-2fa",
    ),
    RecordType("wireless", time_field="created_at", amount_field="data_cost", billed_by_unit=True),
    RecordType("media_storage", time_field="created_at", billed_by_unit=True, usage_product="media-storage"),
    RecordType("fax", time_field="created_at", billed_by_unit=True, usage_product="fax-api"),
)

_BY_NAME = {name: entry for entry in RECORD_TYPES for name in (entry.name, *entry.aliases)}
_BY_PRODUCT = {entry.product: entry for entry in RECORD_TYPES}
_BY_CALL_PART = {entry.call_part: entry for entry in RECORD_TYPES if entry.call_part}
_BY_EVENT = {event: entry for entry in RECORD_TYPES for event in entry.announcing_events}


def find_record_type(name: str) -> RecordType | None:
    """The entry of a type by its name or one of its aliases; None for a type that Tollbook does not know."""
    return _BY_NAME.get(name)


def canonical_types(names: Iterable[str]) -> tuple[str, ...]:
    """The canonical names of some types, each once. Raises ValueError for none at all, and for unknown ones."""
    found = {name: find_record_type(name) for name in names}
    unknown = [name for name, entry in found.items() if entry is None]
    if unknown:
        raise ValueError(f"Telnyx has no such record type: {', '.join(unknown)[:200]}")
    if not found:
        raise ValueError("must name at least one record type, such as sip-trunking,call-control")
    return tuple(dict.fromkeys(entry.name for entry in found.values() if entry is not None))


def record_type_of_call_part(call_part: str) -> str:
    """The canonical record type that bills the same charge as a part of `call.cost` (Telnyx facts, section 4)."""
    entry = _BY_CALL_PART.get(call_part) or _BY_NAME.get(call_part)
    return entry.name if entry else call_part


def record_type_of_product(product: str) -> str:
    """The canonical record type that Telnyx bills as this product; the product itself where none is known."""
    entry = next(
        (
            found
            for name in (product, product.replace("_", "-"))
            if (found := _BY_NAME.get(name) or _BY_PRODUCT.get(name))
        ),
        None,
    )
    return entry.name if entry else product


def record_type_announced_by(event_type: str) -> RecordType | None:
    """The type of which a record is to come once this webhook was seen."""
    return _BY_EVENT.get(event_type)
