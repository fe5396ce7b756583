"""What Telnyx's record types are called on the page of a call, and what each of them is for. Pure."""

from gateway.pages.words import PART_WORDS

LEADING_TYPES = ("sip-trunking", "call-control")
"""What nearly every call consists of; told first."""

_MEANINGS = {
    "sip-trunking": "carrying the call over the telephone network",
    "call-control": "steering the call by commands (Call Control)",
    "webrtc": "a leg in a browser or an app",
    "recording": "recording the call",
    "amd": "telling a person from an answering machine",
    "media-streaming": "sending the audio out live",
    "stt": "turning speech into text",
    "tts": "speaking a text",
    "ai-voice-assistant": "an assistant on the line",
    "conference-participant": "taking part in a conference",
}


def part_name(record_type: str) -> str:
    """What people call a record type; one that Tollbook does not know is shown as Telnyx writes it."""
    return PART_WORDS.get(record_type, record_type)


def part_name_within(record_type: str) -> str:
    """The same within a sentence: `Call control` is not capitalised there, `SIP trunking` and `WebRTC` are."""
    name = part_name(record_type)
    first_word = name.split(" ", 1)[0]
    return name[:1].lower() + name[1:] if first_word[1:].islower() else name


def part_meaning(record_type: str) -> str:
    """What the money is for; empty where the name says it."""
    return _MEANINGS.get(record_type, "")
