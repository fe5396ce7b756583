"""How densely the records of a type lie in time, as far as reading has shown: what a window will cost."""

from math import exp

from services.reconciler.windows import Window

UNKNOWN_ROWS_PER_S = 1 / 60
"""Assumed before anything was read: about a page an hour, so that nothing stretches over days unseen."""

_LEAST_ROWS_PER_S = 1 / 86_400
"""Assumed where nothing was found: a row a day."""

_SHORTEST_S = 600.0
"""A shorter window that is the first of its type says little about the time beside it."""

_MEMORY_S = 3_600.0
"""What was read counts for less and less as this much more is read."""


class Densities:
    """Rows per second of each record type, from the windows of it that were read, the latest counting most.

    Lives in memory only: a wrong guess costs a few requests, never correctness.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def note(self, record_type: str, window: Window, row_count: int) -> None:
        """A window held this many rows. One as long as the memory, or longer, says all there is to know."""
        known = self._seen.get(record_type)
        rows, length_s = (0.0, 0.0) if known is None else known
        kept = exp(-window.length_s / _MEMORY_S)
        length_s = length_s * kept + window.length_s
        self._seen[record_type] = (rows * kept + row_count, max(length_s, _SHORTEST_S))

    def is_known(self, record_type: str) -> bool:
        """Whether any window of this type was read."""
        return record_type in self._seen

    def rows_per_s(self, record_type: str) -> float:
        """The best guess for a type; never 0."""
        known = self._seen.get(record_type)
        if known is None:
            return UNKNOWN_ROWS_PER_S
        rows, length_s = known
        return max(rows / length_s, _LEAST_ROWS_PER_S)
