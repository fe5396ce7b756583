"""Which readings serve all due jobs with the fewest requests: pure."""

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import timedelta

from services.common.errors import InvalidInput, TelnyxRefused, TollbookError
from services.reconciler.groups import Division, Group, Member, grouped
from services.reconciler.items import OpenItem
from services.reconciler.reads import IdFilter, Priority, Read
from services.reconciler.windows import Window, request_count
from services.telnyx_vocabulary.record_types import RecordType, find_record_type

LEAST_MARGIN = timedelta(minutes=1)
"""A record's own time equals its leg's within about a minute (carrier clocks differ): no window is narrower."""

JOB_MARGIN = timedelta(minutes=5)
"""How far a window reaches around what it is read for where that costs nothing more: legs that nobody announced lie
beside the others, and a leg whose first webhooks were lost began before it seems."""

RowsPerS = Callable[[str], float]


def plan_reads(
    items: Iterable[OpenItem], priority: Priority, rows_per_s: RowsPerS, refused: Container[str] = ()
) -> list[Read]:
    """The readings that look for everything the items miss: windows that many share, and single sessions or messages.

    Types that Tollbook does not know, or that Telnyx refuses to list, are left out.
    """
    reads: list[Read] = []
    for name, members in sorted(_members(items, refused).items()):
        density = rows_per_s(name)
        for group in _groups(members, priority, density):
            if group.is_single:
                id_filter = group.members[0].id_filter
                reads.append(Read(record_type=name, priority=priority, id_filter=id_filter))
            else:
                reads.append(Read(record_type=name, priority=priority, window=_widened(group, density)))
    return reads


def plan_costs(items: Sequence[OpenItem], rows_per_s: RowsPerS, refused: Container[str] = ()) -> list[int]:
    """How many requests a job's readings are likely to take for the first of these items, the first two, and so on.

    Exact where each item begins no earlier than the one before, and each session is one item.
    """
    divisions: dict[str, Division] = {}
    seen: dict[str, set[IdFilter]] = {}
    costs: list[int] = []
    cost = 0
    for item in items:
        for known in _known_types(item, refused):
            name, id_filter = known.name, _id_filter(known, item)
            if id_filter is not None and id_filter in seen.setdefault(name, set()):
                continue
            if id_filter is not None:
                seen[name].add(id_filter)
            division = divisions.setdefault(name, Division(rows_per_s(name), prefers_windows=True))
            cost -= division.cost
            division.add(_member(known, item, id_filter))
            cost += division.cost
        costs.append(cost)
    return costs


def unplanned(items: Iterable[OpenItem], refused: Container[str]) -> dict[str, TollbookError]:
    """Why some of the types that the items miss are not looked for at all."""
    faults: dict[str, TollbookError] = {}
    for name in {name for item in items for name in item.missing}:
        if find_record_type(name) is None:
            faults[name] = InvalidInput("Tollbook knows no such record type")
        elif name in refused:
            faults[name] = TelnyxRefused("Telnyx refuses to list these records; it is asked again in a day")
    return faults


def _members(items: Iterable[OpenItem], refused: Container[str]) -> dict[str, list[Member]]:
    """By type, what is to be looked for: all that one filter on an id would find is one member."""
    wanted: dict[str, dict[IdFilter | str, Member]] = {}
    for item in items:
        for known in _known_types(item, refused):
            member = _member(known, item, _id_filter(known, item))
            key = member.id_filter or item.record_id
            of_type = wanted.setdefault(known.name, {})
            of_type[key] = of_type[key].joined(member) if key in of_type else member
    return {name: list(of_type.values()) for name, of_type in wanted.items()}


def _known_types(item: OpenItem, refused: Container[str]) -> list[RecordType]:
    found = (find_record_type(name) for name in item.missing)
    return [known for known in found if known is not None and known.name not in refused]


def _member(known: RecordType, item: OpenItem, id_filter: IdFilter | None) -> Member:
    return Member(_needed(known, item), item.lifetime.widened(JOB_MARGIN), id_filter)


def _needed(known: RecordType, item: OpenItem) -> Window:
    """A leg's own record begins when the leg does, and a message's when it is sent; a feature starts at any time."""
    if known.carries_call or known.is_message:
        return Window(item.start_at, item.start_at).widened(LEAST_MARGIN)
    return item.lifetime.widened(LEAST_MARGIN)


def _groups(members: list[Member], priority: Priority, rows_per_s: float) -> list[Group]:
    """A person waits for the smallest answer; a job reads a window where it may, for what else lies there."""
    return grouped(members, rows_per_s, prefers_windows=priority != "person")


def _widened(group: Group, rows_per_s: float) -> Window:
    return group.reach if request_count(group.reach, rows_per_s) <= group.cost else group.window


def _id_filter(known: RecordType, item: OpenItem) -> IdFilter | None:
    """A filter on an id that the type's records carry; on any other, Telnyx may answer an empty 200."""
    if known.is_message:
        return IdFilter("record", item.record_id) if item.kind == "sms" else None
    if known.session_field and item.session_id:
        return IdFilter("session", item.session_id)
    return None
