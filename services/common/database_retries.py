"""Trying a transaction again: after lost races and dropped connections, within bounds of number and time."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeVar

from services.common.database_failures import FailureKind, failure_of, told_to_callers
from services.common.errors import TollbookError

Result = TypeVar("Result")

PATIENCE_S: Final = 4.0
"""For all attempts together: a server that restarts is back by then, and who asked still waits (5 s, the edge)."""

_MAX_ATTEMPTS: Final[Mapping[FailureKind, int]] = {"lost_race": 8, "dropped_connection": 16}
_FIRST_PAUSE_S: Final = 0.01
_LONGEST_PAUSE_S: Final = 0.5


def longest_pause_s(kind: FailureKind, attempt_count: int, spent_s: float, left_s: float) -> float | None:
    """How long to wait at most before the next attempt; None where there should be none.

    `spent_s`: on all attempts so far. `left_s`: until nobody waits for the result any more.
    """
    if attempt_count >= _MAX_ATTEMPTS.get(kind, 1):
        return None
    pause_s: float = min(_FIRST_PAUSE_S * 2 ** (attempt_count - 1), _LONGEST_PAUSE_S)
    return pause_s if spent_s + pause_s < PATIENCE_S and pause_s < left_s else None


def repeated(attempt: Callable[[], Result], deadline_s: float) -> Result:
    """The result of the first attempt that succeeds.

    Where a connection drops while a commit is under way, nobody knows what became of it: so each attempt must be such
    that a second one changes nothing more. Raises domain errors for the database's failures, anything else as it is.
    """
    started_s = time.monotonic()
    attempt_count = 0
    while True:
        attempt_count += 1
        try:
            return attempt()
        except Exception as error:  # noqa: BLE001 - which of them to repeat is the question
            now_s = time.monotonic()
            pause_s = longest_pause_s(failure_of(error), attempt_count, now_s - started_s, deadline_s - now_s)
            if pause_s is None:
                _raise_told(error)
        time.sleep(random.uniform(0, pause_s))  # noqa: S311 - writers must part, nothing is secret


def _raise_told(error: Exception) -> NoReturn:
    told = None if isinstance(error, TollbookError) else told_to_callers(error)
    if told is None:
        raise error
    raise told from error
