"""Books that are lost, and come back as they were at an earlier moment."""

import copy
from dataclasses import dataclass
from typing import Literal

from tests.simulation.memory_book import MemoryBook
from tests.simulation.memory_jobs import MemoryJobs

Jobs = Literal["older", "newer", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """At `restored_s` the book becomes again what it was at `backed_up_s`.

    `jobs`: whether the reconciler's database was backed up with it, is the one that was in use, or is gone.
    """

    backed_up_s: float
    restored_s: float
    jobs: Jobs


@dataclass(frozen=True, slots=True)
class Backup:
    """The book and the jobs of one moment. `event_count`: how many webhooks had been acknowledged by then."""

    book: MemoryBook
    jobs: MemoryJobs
    event_count: int


def copy_of(book: MemoryBook, jobs: MemoryJobs, event_count: int) -> Backup:
    """What is there now; time goes on, and whoever waits for changes of the book waits for those of the copy."""
    shared = (book.clock, book.between, book.on_change)
    memo = {id(one): one for one in shared}
    return Backup(copy.deepcopy(book, memo), copy.deepcopy(jobs, memo), event_count)
