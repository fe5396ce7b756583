"""Telnyx could not be asked at all: what counts as that, and when to look again whether it can: pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.common.errors import (
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)

LEAST_WAIT_S = 5.0
_LONGEST_WAIT_S = 960.0
_SHARE_OF_AGE = 0.1
_TOGETHER_S = 60.0
_KEY_FIELD = "TELNYX_API_KEY"


def kept_from_asking(fault: TollbookError) -> bool:
    """Whether a reading came to nothing for a reason that has nothing to do with what it asked for."""
    match fault:
        case QuotaExhausted() | Unavailable():
            return True
        case TelnyxUnreachable():
            # telnyx-gateway says when to come again once Telnyx has failed to answer several requests in a row.
            return fault.retry_after_s > 0
        case TelnyxRefused():
            return fault.field == _KEY_FIELD
        case _:
            return False


def look_again_at(faults: Sequence[TollbookError], opened_at: datetime, now: datetime) -> datetime:
    """When to try again what was opened at `opened_at`, after such faults.

    The quota renews when it says. Of anything else nobody knows how long it lasts: what has waited long looks less
    often, and at full minutes, so that those who wait share what it takes to look.
    """
    told_s = max(LEAST_WAIT_S, *(fault.retry_after_s for fault in faults))
    if all(isinstance(fault, QuotaExhausted) for fault in faults):
        return now + timedelta(seconds=told_s)
    by_age_s = min(_LONGEST_WAIT_S, _SHARE_OF_AGE * (now - opened_at).total_seconds())
    at = now + timedelta(seconds=max(told_s, by_age_s))
    return at if by_age_s < _TOGETHER_S else at + timedelta(seconds=-at.timestamp() % _TOGETHER_S)
