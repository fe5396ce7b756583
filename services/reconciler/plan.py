"""Which readings serve all due jobs with the fewest requests: pure."""

from collections.abc import Callable, Container, Iterable
from datetime import timedelta

from services.common.errors import InvalidInput, TelnyxRefused, TollbookError
from services.reconciler.items import OpenItem
from services.reconciler.reads import IdFilter, Priority, Read
from services.reconciler.windows import Pooled, Window, pool, request_count
from services.telnyx_vocabulary.record_types import RecordType, find_record_type

JOB_MARGIN = timedelta(minutes=5)
"""A record's own time equals its leg's within a minute; carrier clocks differ, and features start late."""


def plan_reads(
    items: Iterable[OpenItem],
    priority: Priority,
    rows_per_s: Callable[[str], float],
    refused: Container[str] = (),
) -> list[Read]:
    """The readings that look for everything the items miss.

    One pooled window per type where items lie close together; one reading per session (or message) where these are
    fewer than the window's pages. Types that Tollbook does not know, or that Telnyx refuses to list, are left out.
    """
    wanted: dict[str, list[OpenItem]] = {}
    for item in items:
        for name in item.missing:
            wanted.setdefault(name, []).append(item)
    reads: list[Read] = []
    for name, waiting in sorted(wanted.items()):
        known = find_record_type(name)
        if known is None or known.name in refused:
            continue
        for group in pool(waiting, _job_window, rows_per_s(known.name)):
            reads.extend(_cheapest(known, group, priority, rows_per_s(known.name)))
    return reads


def unplanned(items: Iterable[OpenItem], refused: Container[str]) -> dict[str, TollbookError]:
    """Why some of the types that the items miss are not looked for at all."""
    faults: dict[str, TollbookError] = {}
    for name in {name for item in items for name in item.missing}:
        if find_record_type(name) is None:
            faults[name] = InvalidInput("Tollbook knows no such record type")
        elif name in refused:
            faults[name] = TelnyxRefused("Telnyx refuses to list these records; it is asked again in a day")
    return faults


def _job_window(item: OpenItem) -> Window:
    return item.lifetime.widened(JOB_MARGIN)


def _cheapest(
    known: RecordType, group: Pooled[OpenItem], priority: Priority, rows_per_s: float
) -> list[Read]:
    filters = {_id_filter(known, item) for item in group.members}
    exact = [id_filter for id_filter in filters if id_filter is not None]
    most = request_count(group.window, rows_per_s) - (priority != "person")
    if len(exact) == len(filters) and len(exact) <= most:
        by_value = sorted(exact, key=lambda id_filter: id_filter.value)
        return [
            Read(record_type=known.name, priority=priority, id_filter=id_filter) for id_filter in by_value
        ]
    return [Read(record_type=known.name, priority=priority, window=group.window)]


def _id_filter(known: RecordType, item: OpenItem) -> IdFilter | None:
    """A filter on an id that the type's records carry; on any other, Telnyx may answer an empty 200."""
    if known.is_message:
        return IdFilter("record", item.record_id) if item.kind == "sms" else None
    if known.session_field and item.session_id:
        return IdFilter("session", item.session_id)
    return None
