"""Watching processes from a thread beside what is going on: how much memory they hold, moment by moment."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.benchmarks.cpu import resident_mb

_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Memory:
    """What each process held, in MB; one value for each quarter of a second."""

    held_mb: Mapping[str, list[float]] = field(default_factory=dict)

    def at_rest(self, role: str) -> float:
        """When it began."""
        return self.held_mb[role][0]

    def highest(self, role: str) -> float:
        """The most it ever held."""
        return max(self.held_mb[role])

    def growth(self, role: str) -> float:
        """How many times what it held after a third of the time it held at most in the last third."""
        held = self.held_mb[role]
        third = len(held) // 3
        return max(held[2 * third :]) / held[third]


@contextmanager
def watched_memory(pids: Mapping[str, int]) -> Iterator[Memory]:
    """Watch while the block runs; what is yielded grows meanwhile."""
    memory = Memory({role: [resident_mb(pid)] for role, pid in pids.items()})
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=(pids, memory, stop), name="memory")
    watching.start()
    try:
        yield memory
    finally:
        stop.set()
        watching.join()


def _watch(pids: Mapping[str, int], memory: Memory, stop: threading.Event) -> None:
    next_s = time.monotonic()
    while not stop.wait(max(0.0, next_s - time.monotonic())):
        for role, pid in pids.items():
            memory.held_mb[role].append(resident_mb(pid))
        next_s += _EVERY_S
