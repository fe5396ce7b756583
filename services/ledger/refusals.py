"""Writing many facts of which the book may refuse some."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.common.errors import Conflict, InvalidInput, Unavailable

Fact = TypeVar("Fact")
Added = TypeVar("Added")

_TROUBLES_OF_THE_PROCESS = (Conflict, Unavailable, MemoryError, OSError)
"""Whatever was to be written: the same may be tried again."""


@dataclass(frozen=True, slots=True)
class Refusal(Generic[Fact]):
    """A fact that the book cannot take, and what it raised."""

    fact: Fact
    error: Exception

    @property
    def reason(self) -> str:
        """Why, for people."""
        return self.error.detail if isinstance(self.error, InvalidInput) else "an unexpected failure"


def write_but_refused(
    write: Callable[[list[Fact]], Added], facts: Sequence[Fact]
) -> tuple[list[Added], list[Refusal[Fact]]]:
    """Write facts in one transaction; where that fails, in halves, until those that are to blame are found.

    Facts that are in the book already must change nothing. Raises Conflict, Unavailable, and what the process lacks
    (memory, file descriptors); some may be written by then.
    """
    try:
        return [write(list(facts))], []
    except _TROUBLES_OF_THE_PROCESS:
        raise
    except Exception as error:  # noqa: BLE001 - one fact that nobody foresaw must not stop all that come after it
        if len(facts) == 1:
            return [], [Refusal(facts[0], error)]
    middle = len(facts) // 2
    first, second = write_but_refused(write, facts[:middle]), write_but_refused(write, facts[middle:])
    return first[0] + second[0], first[1] + second[1]
