"""Taking times, and showing them."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

_console = Console()


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one thing took, several times over, in seconds."""

    name: str
    times_s: tuple[float, ...]

    @property
    def median_ms(self) -> float:
        return median(self.times_s) * 1000

    @property
    def worst_ms(self) -> float:
        return max(self.times_s) * 1000


async def take_times(name: str, work: Callable[[], Awaitable[object]], rounds: int) -> Timing:
    """Do it once to warm up, then `rounds` times."""
    await work()
    times_s = []
    for _ in range(rounds):
        start_s = time.perf_counter()
        await work()
        times_s.append(time.perf_counter() - start_s)
    return Timing(name, tuple(times_s))


def tell(text: str) -> None:
    """A line about what is being done."""
    _console.print(text, highlight=False)


def show(title: str, timings: Sequence[Timing], limit_ms: float) -> None:
    """A table of medians and worst times; what is above the limit stands out."""
    table = Table("", "median ms", "worst ms", title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for timing in timings:
        style = "bold red" if timing.worst_ms > limit_ms else ""
        table.add_row(timing.name, f"{timing.median_ms:.1f}", f"{timing.worst_ms:.1f}", style=style)
    _console.print(table)
    slowest = max(timings, key=lambda timing: timing.worst_ms)
    above = sum(timing.worst_ms > limit_ms for timing in timings)
    tell(f"{above} of {len(timings)} above {limit_ms:.0f} ms; the slowest was {slowest.name}")
