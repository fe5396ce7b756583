"""What has stopped, from what everyone said: the rule behind `/readyz`, the page, the metrics and the doctor. Pure."""

from collections.abc import Iterator
from datetime import datetime

from services.common.freshness.book_symptoms import nothing_read, own_work, silent_webhooks
from services.common.freshness.observed import Look, Observed
from services.common.freshness.part_symptoms import (
    alarms,
    failing_works,
    refused_types,
    silent_parts,
    starving,
    stuck_works,
)
from services.common.freshness.symptom import USUAL, Patience, Symptom


def symptoms(seen: Observed, now: datetime, patience: Patience = USUAL) -> list[Symptom]:
    """Everything that has stopped, what keeps others from working first.

    What follows from something that is already named is left out: there is only one thing to do about both.
    """
    causes = [*silent_parts(seen, now, patience), *alarms(seen, now)]
    return [*causes, *_stopped(seen, now, patience), *([] if causes else _following(seen, now, patience))]


def symptoms_at_first_sight(
    seen: Look, now: datetime, watched_since: datetime, patience: Patience = USUAL
) -> list[Symptom]:
    """The same for whoever looks but once, and cannot know for how long a part has been silent: it is said at once."""
    observed = Observed(
        watched_since=watched_since,
        silent_for=dict.fromkeys(seen.silent, patience.silent),
        alarms=seen.alarms,
        book=seen.book,
        progress=seen.progress,
    )
    return symptoms(observed, now, patience)


def _stopped(seen: Observed, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """What is wrong whatever else is."""
    if seen.progress is not None:
        yield from stuck_works(seen.progress, now, patience)
        yield from refused_types(seen.progress, now)
    if seen.book is not None:
        yield from silent_webhooks(seen.book, now)
        yield from own_work(seen.book, now, seen.watched_since, patience)


def _following(seen: Observed, now: datetime, patience: Patience) -> Iterator[Symptom]:
    """What may have any cause."""
    found = []
    if seen.progress is not None:
        found = [*starving(seen.progress, now, patience), *failing_works(seen.progress, now, patience)]
    if not found and seen.book is not None:
        found = [*nothing_read(seen.book, now, seen.watched_since, patience)]
    yield from found
