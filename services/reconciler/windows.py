"""Windows of time on a record type's own time field, and how to pool them so that few requests serve many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Generic, TypeVar

PAGE_ROWS = 50
"""Telnyx never gives more rows per request (Telnyx facts, section 3)."""

MAX_WINDOW_ROWS = 2_000
"""A whole window is to be read in one go: 40 pages take the quota of a minute."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start_at`, inclusive, to `end_at`, exclusive."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.end_at < self.start_at:
            raise ValueError(f"a window cannot end ({self.end_at}) before it starts ({self.start_at})")

    @property
    def length_s(self) -> float:
        """Its length in seconds."""
        return (self.end_at - self.start_at).total_seconds()

    def spans(self, other: "Window") -> bool:
        """Whether the other window lies wholly inside this one."""
        return self.start_at <= other.start_at and other.end_at <= self.end_at

    def joined(self, other: "Window") -> "Window":
        """The smallest window that spans both."""
        return Window(min(self.start_at, other.start_at), max(self.end_at, other.end_at))

    def widened(self, margin: timedelta) -> "Window":
        """The same window with a margin on both sides."""
        return Window(self.start_at - margin, self.end_at + margin)


Member = TypeVar("Member")


@dataclass(frozen=True, slots=True)
class Pooled(Generic[Member]):
    """One window to read, and what it is read for."""

    window: Window
    members: tuple[Member, ...]


def request_count(window: Window, rows_per_s: float) -> int:
    """How many requests it takes to read a window, if rows lie as densely as thought: one per started page."""
    return max(1, ceil(window.length_s * rows_per_s / PAGE_ROWS))


def pool(
    members: Iterable[Member], window_of: Callable[[Member], Window], rows_per_s: float
) -> list[Pooled[Member]]:
    """Windows that span those of all members, each member in exactly one, in order of time.

    Neighbours share a window where that costs no more requests than reading both apart, so that one old item does
    not stretch a window over days, and where the shared window stays small enough to be read in one go.
    """
    pooled: list[Pooled[Member]] = []
    for member in sorted(members, key=window_of):
        window = window_of(member)
        last = pooled[-1] if pooled else None
        if last is not None and _is_cheaper_together(last.window, window, rows_per_s):
            pooled[-1] = Pooled(last.window.joined(window), (*last.members, member))
        else:
            pooled.append(Pooled(window, (member,)))
    return pooled


def _is_cheaper_together(one: Window, other: Window, rows_per_s: float) -> bool:
    both = one.joined(other)
    if both.length_s * rows_per_s > MAX_WINDOW_ROWS:
        # Nothing is gained by reading what is already spanned a second time.
        return one.spans(other)
    apart = request_count(one, rows_per_s) + request_count(other, rows_per_s)
    return request_count(both, rows_per_s) <= apart


def split(window: Window, rows_per_s: float) -> list[Window]:
    """A window in pieces that can each be read to the end, newest first; usually just the window itself."""
    longest_s = MAX_WINDOW_ROWS / rows_per_s
    count = max(1, ceil(window.length_s / longest_s))
    step = (window.end_at - window.start_at) / count
    edges = [window.start_at + step * index for index in range(count)] + [window.end_at]
    return [Window(edges[index], edges[index + 1]) for index in reversed(range(count))]
