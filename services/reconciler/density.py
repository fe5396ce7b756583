"""How densely the records of a type lie in time, as far as reading has shown: what a window will cost."""

from services.reconciler.windows import Window

UNKNOWN_ROWS_PER_S = 1 / 60
"""Assumed before anything was read: about a page an hour, so that nothing stretches over days unseen."""

_LEAST_ROWS_PER_S = 1 / 86_400
"""Assumed where nothing was found: a row a day."""

_SHORTEST_S = 600.0
"""A shorter window says little about the ones beside it."""


class Densities:
    """Rows per second of each record type, from the last window of it that was read.

    Lives in memory only: a wrong guess costs a few requests, never correctness.
    """

    def __init__(self) -> None:
        self._rows_per_s: dict[str, float] = {}

    def note(self, record_type: str, window: Window, row_count: int) -> None:
        """A window held this many rows. Short windows count only if nothing better is known, or if they are deep."""
        seen = max(row_count / max(window.length_s, _SHORTEST_S), _LEAST_ROWS_PER_S)
        known = self._rows_per_s.get(record_type)
        if known is None or window.length_s >= _SHORTEST_S or seen > known:
            self._rows_per_s[record_type] = seen

    def rows_per_s(self, record_type: str) -> float:
        """The best guess for a type; never 0."""
        return self._rows_per_s.get(record_type, UNKNOWN_ROWS_PER_S)
