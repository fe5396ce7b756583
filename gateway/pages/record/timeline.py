"""Everything that happened to a call in one list by time: webhooks, records, attempts, entries of the journal. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import chain

from services.common.money import Money

MAX_HAPPENINGS = 400
"""More are cut from the middle: how it began and how it stands say the most."""


class Kind(IntEnum):
    """What happened; of what happened at the same moment the cause stands before its effect."""

    WEBHOOK = 1
    RECORD = 2
    ATTEMPT = 3
    ENTRY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line. `mark` is a word for what sets it apart; `anchor` names where the page shows it in full."""

    at: datetime
    kind: Kind
    title: str
    term: str = ""
    """The word of Telnyx or of the book for it: an event type, a record type."""
    details: tuple[str, ...] = ()
    amount: Money | None = None
    mark: str = ""
    leg: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`early` and `late` together, oldest first; `cut_count` were left out between them."""

    early: tuple[Happening, ...]
    late: tuple[Happening, ...] = ()
    cut_count: int = 0


def merge(*sources: Iterable[Happening], limit: int = MAX_HAPPENINGS) -> Timeline:
    """One list of all, by time; what happened at the same moment keeps the order of its source."""
    merged = sorted(chain.from_iterable(sources), key=lambda happening: (happening.at, happening.kind))
    if len(merged) <= limit:
        return Timeline(tuple(merged))
    half = limit // 2
    return Timeline(tuple(merged[:half]), tuple(merged[half - limit :]), len(merged) - limit)
