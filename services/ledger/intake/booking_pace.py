"""How fast to book what was taken in, beside the events that still come: pure."""

_STREAMING_S = 0.25
"""Events that came less long ago are followed by more."""

_LONGEST_PAUSE_S = 1.0


def pause_s(booking_s: float, idle_s: float, filled: float) -> float:
    """How long to pause after a booking that took `booking_s`, so that acknowledgements have half of the processor.

    `idle_s`: how long ago something was taken in. `filled`: the part of the intake that is in use; beyond half of it
    there is no pause, as senders would soon have to wait.
    """
    if idle_s >= _STREAMING_S or filled > 0.5:
        return 0.0
    return min(booking_s, _LONGEST_PAUSE_S)
