"""Whether a paged read has seen every row, although rows come in while it reads."""

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass(slots=True)
class Coverage:
    """What one read of one query has seen so far, over one or more passes from the first page to the last.

    Newest first, a row that comes in pushes others to the next page: those come twice, but the new one itself may lie
    on a page that was read before. So a pass is whole only if the total never moved and as many different rows were
    seen. While rows only ever come in, it is enough that as many were seen over all passes as there are now.
    """

    seen: set[str] = field(default_factory=set)
    pass_seen: set[str] = field(default_factory=set)
    pass_totals: set[int] = field(default_factory=set)
    last_total: int = 0
    has_shrunk: bool = False

    def start_pass(self) -> None:
        """Begin again at the first page."""
        self.pass_seen.clear()
        self.pass_totals.clear()

    def add(self, record_ids: Collection[str], total_results: int) -> None:
        """One page was read."""
        self.has_shrunk = self.has_shrunk or total_results < self.last_total
        self.last_total = total_results
        self.seen.update(record_ids)
        self.pass_seen.update(record_ids)
        self.pass_totals.add(total_results)

    @property
    def is_complete(self) -> bool:
        """Whether nothing can have been missed."""
        if self.pass_totals == {len(self.pass_seen)}:
            return True
        return not self.has_shrunk and len(self.seen) == self.last_total
