"""What becomes of a batch of events that comes in: pure."""

from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    """TAKE_IN: make it durable now, book it soon. WAIT: until there is room. REFUSE: the sender may try again."""

    TAKE_IN = auto()
    WAIT = auto()
    REFUSE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """How much is booked at once, how much may wait to be booked, and how many calls may wait for room.

    What waits can be booked in less than ten seconds once nothing more comes, and fits in memory.
    """

    at_once_events: int = 16
    at_once_calls: int = 8
    waiting_events: int = 16_384
    waiting_bytes: int = 64 * 1024 * 1024
    waiting_calls: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is going on now: events and bytes that are not booked yet, and calls that wait or are booking at once."""

    waiting_events: int = 0
    waiting_bytes: int = 0
    waiting_calls: int = 0
    at_once_calls: int = 0

    def is_idle(self) -> bool:
        """Whether nothing was taken in that is not booked, and nobody waits for room."""
        return not (self.waiting_events or self.waiting_calls)


def is_booked_at_once(event_count: int, load: Load, limits: IntakeLimits) -> bool:
    """Whether a batch is so small, and the ledger so idle, that its sender need not wait long for it to be booked."""
    return (
        event_count <= limits.at_once_events and load.is_idle() and load.at_once_calls < limits.at_once_calls
    )


def has_room(event_count: int, byte_count: int, load: Load, limits: IntakeLimits) -> bool:
    """Whether a batch can be taken in now; where nothing waits there is room for any."""
    return load.waiting_events == 0 or (
        load.waiting_events + event_count <= limits.waiting_events
        and load.waiting_bytes + byte_count <= limits.waiting_bytes
    )


def decide(event_count: int, byte_count: int, load: Load, limits: IntakeLimits) -> Verdict:
    """What becomes of a batch that is not booked at once."""
    # Whoever waits came first.
    if load.waiting_calls == 0 and has_room(event_count, byte_count, load, limits):
        return Verdict.TAKE_IN
    return Verdict.WAIT if load.waiting_calls < limits.waiting_calls else Verdict.REFUSE
