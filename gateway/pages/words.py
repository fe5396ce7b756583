"""The words in which pages tell what the book's short names mean. Pure."""

TYPE_WORDS = {
    "call_inbound": "Call in",
    "call_outbound": "Call out",
    "sms_inbound": "SMS in",
    "sms_outbound": "SMS out",
    "other": "Other",
}
"""By `recordType` of the REST answers."""

SOURCE_WORDS = {
    "fallback": "fallback rate",
    "learned": "learned rate",
    "call_cost_webhook": "call.cost webhook",
    "detail_records_api": "detail records",
    "webhook": "webhook",
    "mixed": "records and webhooks",
}
"""By `source` of the REST answers; a source that is not here is shown as it is."""

PART_WORDS = {
    "sip-trunking": "SIP trunking",
    "call-control": "Call control",
    "webrtc": "WebRTC",
    "recording": "Recording",
    "amd": "Answering-machine detection",
    "media-streaming": "Media streaming",
    "noise-suppression": "Noise suppression",
    "siprec-client": "SIPREC",
    "stt": "Speech to text",
    "tts": "Text to speech",
    "ai-voice-assistant": "AI voice assistant",
    "conference-participant": "Conference",
    "inference": "Inference",
    "messaging": "Messaging",
    "verify": "Verify",
    "wireless": "Wireless",
    "media_storage": "Media storage",
    "fax": "Fax",
    "estimate": "Estimate",
}
"""By record type; `estimate` is what no part explains yet. A type that is not here is shown as it is."""


def duration_words(seconds: int) -> str:
    """Minutes and seconds (`2:05`), with hours where there are any (`1:02:05`); empty for none."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if seconds else ""
