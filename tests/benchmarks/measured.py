"""What a part of the benchmark hands back: values with their units, round by round, and what they should be.

Every part is a module with one entry, which `tests.benchmarks.__main__` lists by name:

    def measure(effort: Effort) -> Report: ...

It starts what it needs on free loopback ports, in folders of its own, stops it by its own pids, and tells what it is
doing by `tests.benchmarks.timing.tell`. What cannot be measured on this machine (no PostgreSQL, no node) is left out,
with a sentence in `notes`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Effort:
    """How much trouble to take: by default as much as fits into a quarter of an hour on 2 cores, all parts together."""

    is_quick: bool = False
    """Only to see that it works: seconds in place of minutes, small books; the figures mean little."""

    @property
    def rounds(self) -> int:
        """How often each thing is measured, in turn with what it is compared to."""
        return 1 if self.is_quick else 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure: what the rounds gave, in the order in which they were run."""

    subject: str
    """Of whom or what: "Tollbook, SQLite", "page: everything, 30 days"."""
    name: str
    """What of it: "acknowledged", "p99", "against verify-only"."""
    unit: str
    """"/s", "ms", "µs", "MB", "%"; "times" for a ratio, whose values are taken within each round."""
    values: tuple[float, ...]
    at_least: float | None = None
    """The goal, where more is better."""
    at_most: float | None = None
    """The goal, where less is better."""
    setting: str = ""
    """Under which circumstances, where there are several: "64 connections". Each has a table of its own."""

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.subject}, {self.name}: no round gave a value")

    @property
    def what(self) -> str:
        """Subject and circumstances in one."""
        return f"{self.subject}, {self.setting}" if self.setting else self.subject

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.values)

    @property
    def is_reached(self) -> bool | None:
        """Whether the median is as good as it should be; None where there is no goal."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of one part, in the order in which they are to be read."""

    part: str
    """Its name in ARGS: "ingest"."""
    title: str
    """Its heading in the document: "Webhooks, from the signature to the disk"."""
    measured: tuple[Measured, ...]
    notes: tuple[str, ...] = ()
    """Sentences: what was compared with what, and what was left out and why."""

    def as_json(self) -> dict[str, Any]:
        """Plain values for the JSON file; medians are told beside the rounds."""
        figures = [
            asdict(each) | {"value": each.value, "is_reached": each.is_reached} for each in self.measured
        ]
        return {"part": self.part, "title": self.title, "measured": figures, "notes": list(self.notes)}


def ratios(values: Sequence[float], yardstick: Sequence[float]) -> tuple[float, ...]:
    """Round by round: how many times the yardstick a thing reached."""
    return tuple(value / of_yardstick for value, of_yardstick in zip(values, yardstick, strict=True))
