"""Taking times, and telling what is being done."""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console

_console = Console()

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took, several times over, in seconds."""

    times_s: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        return median(self.times_s) * 1000

    @property
    def p99_ms(self) -> float:
        """What 99 of 100 stayed within; of fewer than 100 the longest."""
        return sorted(self.times_s)[math.ceil(0.99 * len(self.times_s)) - 1] * 1000


async def take_turns(works: Sequence[Work], rounds: int) -> list[Timing]:
    """Do each once to warm up, then all of them in turn, `rounds` times, so that a busy moment strikes all alike."""
    for work in works:
        await work()
    times_s: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for work, taken in zip(works, times_s, strict=True):
            start_s = time.perf_counter()
            await work()
            taken.append(time.perf_counter() - start_s)
    return [Timing(tuple(taken)) for taken in times_s]


def tell(text: str) -> None:
    """A line about what is being done."""
    _console.print(text, highlight=False, soft_wrap=True)
