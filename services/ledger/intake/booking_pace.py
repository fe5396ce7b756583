"""How fast to book what was taken in, beside the events that still come: pure."""

_STREAMING_S = 0.25
"""Events that came less long ago are followed by more."""

_PATIENCE_S = 1.0
"""Reads are refused when they have waited for two seconds: what is older than this is booked without a pause."""


def pause_s(booking_s: float, idle_s: float, oldest_s: float) -> float:
    """How long to pause after a booking that took `booking_s`, so that acknowledgements have half of the processor.

    `idle_s`: how long ago something was taken in. `oldest_s`: how long the first of what is left has been waiting; if
    that is long, acknowledgements have had their share.
    """
    if idle_s >= _STREAMING_S or oldest_s >= _PATIENCE_S:
        return 0.0
    return min(booking_s, _PATIENCE_S)
