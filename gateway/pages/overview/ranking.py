"""The greatest first, and the rest as one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sum:
    """What a group costs, in nanos, and of how many records."""

    nanos: int = 0
    count: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.nanos + other.nanos, self.count + other.count)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The `top` groups in order; `rest` is the sum of the `rest_count` groups that did not get in."""

    top: tuple[tuple[str, Sum], ...]
    rest: Sum
    rest_count: int


def rank(sums: Mapping[str, Sum], most: int) -> Ranking:
    """At most `most` groups by what they cost. A rest of a single group is shown by its own name instead."""
    ordered = sorted(sums.items(), key=lambda item: (-item[1].nanos, -item[1].count, item[0]))
    kept = len(ordered) if len(ordered) <= most + 1 else most
    rest = sum((amount for _, amount in ordered[kept:]), Sum())
    return Ranking(tuple(ordered[:kept]), rest, len(ordered) - kept)
