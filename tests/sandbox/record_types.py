"""The detail-record types that the sandbox serves, with their fields. Source: Telnyx facts, section 3."""

from dataclasses import dataclass

_COMMON = frozenset(
    {"cost", "rate", "currency", "rate_measured_in", "is_telnyx_billable", "direction", "cli", "cld"}
)
_COMMON |= {"call_sec", "billed_sec", "country_code", "tags", "billing_group_id", "connection_id"}
_CALL_IDS = frozenset({"id", "call_leg_id", "call_session_id"})
_TELNYX_IDS = frozenset({"id", "telnyx_leg_id", "telnyx_session_id"})
_STARTED = frozenset({"started_at", "finished_at"})


@dataclass(frozen=True, slots=True)
class RecordType:
    """`name` is what the filter asks for, `inner_name` what a record calls itself: they often differ.

    `fields` are those that can be filtered on. `product` is the type's name in usage_reports.
    """

    name: str
    time_field: str
    fields: frozenset[str]
    inner_name: str = ""
    id_field: str = "id"
    amount_field: str = "cost"
    product: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def shown_name(self) -> str:
        return self.inner_name or self.name

    @property
    def usage_product(self) -> str:
        return self.product or self.name


RECORD_TYPES = (
    RecordType(
        "sip-trunking",
        "started_at",
        _COMMON | _STARTED | {"id", "answered_at", "call_control_id", "telnyx_session_id", "sip_call_id"},
    ),
    RecordType("call-control", "started_at", _COMMON | _STARTED | _TELNYX_IDS),
    RecordType("webrtc", "started_at", _COMMON | _STARTED | _TELNYX_IDS, inner_name="webrtc_detail_record"),
    RecordType("recording", "started_at", _COMMON | _STARTED | {"id", "telnyx_session_id"}),
    RecordType("amd", "invoked_at", _COMMON | _CALL_IDS | {"invoked_at", "feature", "invocations"}),
    RecordType("media-streaming", "started_at", _COMMON | _STARTED | _CALL_IDS),
    RecordType("noise-suppression", "started_at", _COMMON | _STARTED | _CALL_IDS),
    RecordType("siprec-client", "started_at", _COMMON | _STARTED | _CALL_IDS),
    RecordType(
        "stt",
        "start_time",
        _COMMON | _CALL_IDS | {"start_time", "end_time"},
        inner_name="speech-to-text",
        product="speech-to-text",
        aliases=("speech-to-text",),
    ),
    RecordType(
        "tts",
        "created_at",
        _COMMON | _CALL_IDS | {"created_at", "provider", "number_of_characters"},
        inner_name="text-to-speech",
        product="text-to-speech",
        aliases=("text-to-speech",),
    ),
    RecordType(
        "ai-voice-assistant",
        "created_at",
        _COMMON
        | _TELNYX_IDS
        | {"created_at", "completed_at", "call_control_id", "conversation_id", "duration_sec"},
    ),
    RecordType(
        "conference-participant",
        "joined_at",
        _COMMON | _CALL_IDS | {"joined_at", "left_at", "conference_id"},
        inner_name="conference_participant_detail_record",
        product="conference",
    ),
    RecordType(
        "conference",
        "started_at",
        _CALL_IDS
        | {"started_at", "ended_at", "name", "participant_count", "connection_id", "is_telnyx_billable"},
        inner_name="conference_detail_record",
        amount_field="",
    ),
    RecordType("inference", "created_at", _COMMON | {"id", "created_at", "conversation_id", "model"}),
    RecordType(
        "messaging",
        "created_at",
        _COMMON
        | {
            "uuid",
            "created_at",
            "completed_at",
            "sent_at",
            "updated_at",
            "carrier",
            "carrier_fee",
            "message_type",
        }
        | {"parts", "status", "profile_id", "errors"},
        inner_name="message_detail_record",
        id_field="uuid",
    ),
    RecordType(
        "verify",
        "created_at",
        frozenset(
            {"id", "created_at", "updated_at", "rate", "rate_measured_in", "currency", "verify_usage_fee"}
        )
        | {"destination_phone_number", "verify_channel_id", "verify_channel_type", "verification_status"},
        inner_name="verify_detail_record",
        amount_field="verify_usage_fee",
        product="verify-2fa",
    ),
    RecordType(
        "wireless",
        "created_at",
        frozenset({"id", "created_at", "closed_at", "currency", "data_cost", "data_rate", "data_unit"})
        | {"downlink_data", "uplink_data", "sim_card_id"},
        inner_name="sim_card_usage",
        amount_field="data_cost",
    ),
    RecordType(
        "media_storage",
        "created_at",
        frozenset(
            {"id", "created_at", "cost", "currency", "rate", "rate_measured_in", "action_type", "asset_id"}
        ),
        product="media-storage",
    ),
    RecordType("fax", "created_at", _COMMON | {"id", "created_at"}, product="fax-api"),
)

# They cost money that detail_records do not know: only the balance and usage_reports show it.
UNLISTED_TYPES = (RecordType("number-lookup", "created_at", _COMMON | {"id", "created_at"}),)

_LISTED = {name: entry for entry in RECORD_TYPES for name in (entry.name, *entry.aliases)}
_BY_NAME = _LISTED | {entry.name: entry for entry in UNLISTED_TYPES}


def find_record_type(name: str) -> RecordType | None:
    """The type that a filter names, also by an alias; None where detail_records know none of this name."""
    return _LISTED.get(name)


def record_type(name: str) -> RecordType:
    """A type that is known to exist. Raises KeyError."""
    return _BY_NAME[name]
