"""Which stretches of time have been read, and which have not: pure arithmetic on windows."""

from collections.abc import Iterable
from datetime import timedelta

from services.reconciler.sweep import Sweep
from services.reconciler.windows import Window

VISIBLE_AFTER = timedelta(minutes=10)
"""What is younger than this when it is read may not be published yet: read it again (Telnyx facts, section 3:
133 s at the latest, from few samples)."""


def covered_by(sweep: Sweep) -> Window | None:
    """The part of a sweep's window in which all records were already published when it was read."""
    end_at = min(sweep.window.end_at, sweep.read_at - VISIBLE_AFTER)
    return Window(sweep.window.start_at, end_at) if end_at > sweep.window.start_at else None


def merge(windows: Iterable[Window]) -> tuple[Window, ...]:
    """The same stretches as disjoint windows in order, those that touch joined."""
    merged: list[Window] = []
    for window in sorted(windows):
        if merged and window.start_at <= merged[-1].end_at:
            merged[-1] = merged[-1].joined(window)
        else:
            merged.append(window)
    return tuple(merged)


def gaps(covered: Iterable[Window], within: Window) -> list[Window]:
    """What of a window no covered stretch reaches, newest first."""
    found: list[Window] = []
    reached = within.start_at
    for window in merge(covered):
        if window.end_at <= reached:
            continue
        if window.start_at >= within.end_at:
            break
        if window.start_at > reached:
            found.append(Window(reached, window.start_at))
        reached = window.end_at
    if reached < within.end_at:
        found.append(Window(reached, within.end_at))
    return found[::-1]
