"""Where the CPU time of some work goes: its stack is looked at as often as the kernel's timer fires."""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_EVERY_S = 0.001
OUTSIDE = ("begin and commit",)

Steps = Counter[tuple[str, ...]]
"""How often each step was under way; a step is named by the functions that lead to it."""


@contextmanager
def sampled_below(function: str, depth: int) -> Iterator[Steps]:
    """Count samples by the `depth` calls below the outermost call of `function`; for the main thread only.

    What is outside of that function counts as OUTSIDE.
    """
    steps: Steps = Counter()

    def look(_number: int, frame: FrameType | None) -> None:
        steps[step_of(_names(frame), function, depth)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
    try:
        yield steps
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def step_of(stack: Sequence[str], function: str, depth: int) -> tuple[str, ...]:
    """The step of one stack, outermost call first."""
    if function not in stack:
        return OUTSIDE
    below = stack.index(function) + 1
    return tuple(stack[below : below + depth]) or (function,)


def _names(frame: FrameType | None) -> list[str]:
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[::-1]
