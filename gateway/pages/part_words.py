"""What Telnyx's record types are called on pages, and what each of them is for. Pure."""

LEADING_TYPES = ("sip-trunking", "call-control")
"""What nearly every call consists of; told first."""

_NAMES = {
    "sip-trunking": "SIP trunking",
    "call-control": "call control",
    "webrtc": "WebRTC",
    "recording": "recording",
    "amd": "answering machine detection",
    "media-streaming": "media streaming",
    "noise-suppression": "noise suppression",
    "siprec-client": "SIPREC recording",
    "stt": "speech to text",
    "tts": "text to speech",
    "ai-voice-assistant": "AI assistant",
    "conference-participant": "conference",
    "inference": "AI inference",
    "messaging": "messaging",
    "verify": "verification",
    "wireless": "SIM data",
    "media_storage": "media storage",
    "fax": "fax",
}
_MEANINGS = {
    "sip-trunking": "carrying the call over the telephone network",
    "call-control": "steering the call by commands (Call Control)",
    "webrtc": "a leg in a browser or an app",
    "recording": "recording the call",
    "amd": "telling a person from an answering machine",
    "media-streaming": "sending the audio out live",
    "stt": "turning speech into text",
    "tts": "speaking a text",
    "ai-voice-assistant": "an AI assistant on the line",
    "conference-participant": "taking part in a conference",
}


def part_name(record_type: str) -> str:
    """What people call a record type; one that Tollbook does not know is shown as Telnyx writes it."""
    return _NAMES.get(record_type, record_type)


def part_meaning(record_type: str) -> str:
    """What the money is for; empty where the name says it."""
    return _MEANINGS.get(record_type, "")
