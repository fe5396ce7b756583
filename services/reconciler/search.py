"""What it costs to find the few records that a count shows to be unread: pure."""

from collections.abc import Sequence
from math import ceil, log2
from typing import Final

from services.reconciler.windows import PAGE_ROWS, Window

_READ_AT_ONCE: Final = 2 * PAGE_ROWS
"""Two pages are read rather than searched."""

_RICH: Final = 10
"""A reading that brings so many new records per request is as cheap a way as there is to learn of them."""


def reading_cost(total_results: int) -> int:
    """How many requests it takes to read a window of so many records."""
    return max(1, ceil(total_results / PAGE_ROWS))


def finding_cost(total_results: int, held_count: int) -> int:
    """How many requests it is likely to take to find what differs; never more than reading all.

    Each differing record lies elsewhere at worst: then it takes a count for each halving down to its page, and that.
    """
    pages = reading_cost(total_results)
    differing = abs(total_results - held_count)
    if not differing or total_results <= _READ_AT_ONCE:
        return pages
    return min(pages, ceil(differing * (1 + log2(max(1.0, pages / differing)))))


def is_read_whole(total_results: int, held_count: int) -> bool:
    """Whether reading all of a window takes no more requests than searching it."""
    return finding_cost(total_results, held_count) >= reading_cost(total_results)


def is_rich(total_results: int, held_count: int) -> bool:
    """Whether finding what differs brings much for what it costs."""
    return total_results - held_count >= _RICH * finding_cost(total_results, held_count)


def is_likely_unread(unread: Sequence[Window], whole: Window, total_results: int, held_count: int) -> bool:
    """Whether what is missing may well lie in the parts of a window that nobody has read so far, and fills them."""
    length_s = sum(part.length_s for part in unread)
    likely_rows = total_results * length_s / whole.length_s
    return 0 < length_s < whole.length_s and total_results - held_count >= likely_rows / 2
