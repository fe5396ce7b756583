"""What came of a button that asks Telnyx: a word in the address that leads back, and its sentence on the page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable, TollbookError

Outcome = Literal[
    "exact", "waiting", "unreadable", "unknown", "quota", "unreachable", "refused", "away", "asked", "partly"
]

_SENTENCES: Mapping[str, str] = {
    "exact": "Telnyx was asked: the cost is exact.",
    "waiting": "Telnyx was asked, and has not billed all of it yet. Below is what is missing, and who looks next.",
    "unreadable": "Telnyx was asked, and its answer has an amount that cannot be read. Asking again will not help.",
    "unknown": "Neither the book nor Telnyx knows a call of this id.",
    "quota": "Telnyx answers no more requests this minute. Try again in the next one.",
    "unreachable": "Telnyx did not answer. Try again in a moment.",
    "refused": "Telnyx refused the request: check TELNYX_API_KEY, and the log of telnyx-gateway.",
    "away": "The reconciler did not answer. Check that it runs; what it reads is kept, so try again.",
    "asked": "Telnyx was asked again about every day of this range.",
    "partly": "Telnyx was asked again, and did not answer all of it. Each line says when it was last heard.",
}
_GOOD = frozenset({"exact", "asked"})
_BAD = frozenset({"unknown", "unreachable", "refused", "away"})
_OF_ERRORS: Mapping[type[TollbookError], Outcome] = {
    NotFound: "unknown",
    QuotaExhausted: "quota",
    TelnyxUnreachable: "unreachable",
    TelnyxRefused: "refused",
}
_SHOWN_FOR = timedelta(minutes=10)
_LONGEST_STAMP = 12


@dataclass(frozen=True, slots=True)
class ToldOutcome:
    """A sentence for people. `tone`: good, wait or bad."""

    sentence: str
    tone: str
    asked_at: datetime


def outcome_of_answer(*, is_settled: bool, should_retry: bool) -> Outcome:
    """The word for what the reconciler answered."""
    if is_settled:
        return "exact"
    return "waiting" if should_retry else "unreadable"


def outcome_of_error(error: TollbookError) -> Outcome:
    """The word for why it could not answer."""
    return _OF_ERRORS.get(type(error), "away")


def told_outcome(word: str, asked: str, now: datetime) -> ToldOutcome | None:
    """The sentence for a word and a moment (Unix seconds) out of an address; None for an old one, or no such word."""
    if word not in _SENTENCES or not (asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST_STAMP):
        return None
    age = now.timestamp() - int(asked)
    if not 0 <= age < _SHOWN_FOR.total_seconds():
        return None
    tone = "good" if word in _GOOD else "bad" if word in _BAD else "wait"
    return ToldOutcome(_SENTENCES[word], tone, datetime.fromtimestamp(int(asked), UTC))
