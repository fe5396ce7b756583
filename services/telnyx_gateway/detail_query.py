"""What is asked of the Detail Records API, as a value: one type, a window of time, perhaps one id."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.common.errors import InvalidInput
from services.common.times import format_rfc3339
from services.telnyx_vocabulary.record_types import RecordType, find_record_type

PAGE_SIZE = 50
"""Telnyx gives no more on one page, whatever is asked (Telnyx facts, section 3)."""

_MAX_ID_LENGTH = 255
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From (inclusive) to (exclusive), on the type's own time field."""

    from_at: datetime
    to_at: datetime

    def halves(self) -> tuple["Window", "Window"] | None:
        """The later and the earlier half, which share no moment; None where there is nothing left to halve."""
        middle = self.from_at + (self.to_at - self.from_at) // 2
        if middle - self.from_at < _MICROSECOND:
            return None
        return Window(middle, self.to_at), Window(self.from_at, middle)


@dataclass(frozen=True, slots=True)
class DetailQuery:
    """`filter_name` is how Telnyx is asked for the type: its name, or an alias where Telnyx knows only that.

    `id_field` is the type's own name of the id that is filtered on, empty for none.
    """

    record_type: RecordType
    filter_name: str
    window: Window | None = None
    id_field: str = ""
    id_value: str = ""

    def page_parameters(self, number: int, size: int = PAGE_SIZE) -> dict[str, str]:
        """The query string of one page. `sort` has no effect: the order is always newest first."""
        parameters = {"filter[record_type]": self.filter_name}
        if self.id_field:
            parameters[f"filter[{self.id_field}]"] = self.id_value
        if self.window:
            time_field = self.record_type.time_field
            parameters[f"filter[{time_field}][gte]"] = format_rfc3339(self.window.from_at)
            parameters[f"filter[{time_field}][lt]"] = format_rfc3339(self.window.to_at)
        return parameters | {"page[number]": str(number), "page[size]": str(size)}

    def form(self, account_key: str) -> str:
        """Equal for queries that differ in values only: `sip-trunking?started_at[gte]&started_at[lt]@<key>`."""
        time_field = self.record_type.time_field
        ranges = [f"{time_field}[gte]", f"{time_field}[lt]"] if self.window else []
        filters = [self.id_field] * bool(self.id_field) + ranges
        return f"{self.filter_name}?{'&'.join(filters)}@{account_key}"

    def named(self, filter_name: str) -> "DetailQuery":
        """The same query under another name of its type."""
        return replace(self, filter_name=filter_name)

    def within(self, window: Window) -> "DetailQuery":
        """The same query for another window."""
        return replace(self, window=window)


def make_query(
    type_name: str, window: Window | None, id_kind: str | None = None, id_value: str = ""
) -> DetailQuery:
    """A query that Telnyx can answer. `id_kind` is session_id, call_control_id, leg_id or record_id.

    Raises InvalidInput for an unknown type, an id that its records do not carry (Telnyx might answer it with an
    empty page, which looks like proof), an empty window, and neither window nor id.
    """
    record_type = find_record_type(type_name)
    if record_type is None:
        raise InvalidInput(f"no such record type: {type_name[:40]!r}", field="record_type")
    if window is None and id_kind is None:
        raise InvalidInput("give from_time and to_time, an id, or both", field="from_time")
    if window is not None and window.from_at >= window.to_at:
        raise InvalidInput("from_time must be before to_time", field="to_time")
    query = DetailQuery(record_type, record_type.name, window)
    if id_kind is None:
        return query
    if not 0 < len(id_value) <= _MAX_ID_LENGTH or not id_value.isprintable():
        raise InvalidInput(f"{id_kind} must have 1 to {_MAX_ID_LENGTH} printable characters", field=id_kind)
    return replace(query, id_field=_id_field(record_type, id_kind), id_value=id_value)


def _id_field(record_type: RecordType, id_kind: str) -> str:
    fields = {
        "session_id": record_type.session_field,
        "call_control_id": record_type.call_control_field,
        "leg_id": record_type.leg_field,
        "record_id": record_type.id_field,
    }
    if not fields[id_kind]:
        raise InvalidInput(f"{record_type.name} records carry no {id_kind}", field=id_kind)
    return fields[id_kind]


def names_of(record_type: RecordType) -> Iterator[str]:
    """What Telnyx may call the type, most likely first."""
    yield record_type.name
    yield from record_type.aliases
