"""Until when work is of use to whoever asked for it. Who waits for a database on their behalf waits no longer."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHARE_FOR_THE_ANSWER = 0.1
_MOST_FOR_THE_ANSWER_S = 0.5
"""Of the time that the caller gives, as a refusal must still reach it."""

_deadline_s: ContextVar[float] = ContextVar("deadline_s", default=math.inf)


@contextmanager
def within_call(left_s: float | None) -> Iterator[None]:
    """The work of a call whose caller waits for another `left_s`; None: for as long as it takes.

    Threads and tasks that are begun inside inherit this. A task that outlives the call begins in `on_its_own`.
    """
    with _until(_moment_s(left_s)):
        yield


def begin_call(left_s: float | None) -> None:
    """The same for the rest of this task, which serves one call and nothing else."""
    _deadline_s.set(_moment_s(left_s))


@contextmanager
def on_its_own() -> Iterator[None]:
    """Work that goes on whether or not somebody waits for it."""
    with _until(math.inf):
        yield


def current_deadline_s() -> float:
    """By `time.monotonic`, when to stop waiting; infinity where nobody waits for an answer."""
    return _deadline_s.get()


def _moment_s(left_s: float | None) -> float:
    if left_s is None:
        return math.inf
    return time.monotonic() + left_s - min(_MOST_FOR_THE_ANSWER_S, _SHARE_FOR_THE_ANSWER * left_s)


@contextmanager
def _until(moment_s: float) -> Iterator[None]:
    token = _deadline_s.set(moment_s)
    try:
        yield
    finally:
        _deadline_s.reset(token)
