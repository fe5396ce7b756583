"""Reading `GET /v2/session_analysis/call-session/{id}`: what Telnyx says that one session cost (facts, section 6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import msgspec

from services.common.errors import InvalidInput
from services.common.money import Money
from services.common.times import format_rfc3339
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, DEFAULT_CURRENCY, ValueReader
from services.telnyx_vocabulary.record_types import record_type_of_product

MAX_EVENTS = 10_000
_MAX_ID_LENGTH = 255
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class AnalyzedEvent:
    """One event of a session that cost something by itself. `record_type` is canonical where one is known."""

    event_id: str
    record_type: str
    cost: Money


@dataclass(frozen=True, slots=True)
class SessionAnalysis:
    """The cost of one session and its events. `total_cost` is None where it cannot be read."""

    total_cost: Money | None
    events: tuple[AnalyzedEvent, ...]
    unreadable: tuple[str, ...]


class _Cost(msgspec.Struct):
    total: msgspec.Raw = ABSENT
    event_cost: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT


class _Node(msgspec.Struct):
    id: msgspec.Raw = ABSENT
    product: msgspec.Raw = ABSENT
    cost: msgspec.Raw = ABSENT
    children: list[msgspec.Raw] | None = None


class _Tree(msgspec.Struct):
    cost: msgspec.Raw
    root: msgspec.Raw


class _Answer(msgspec.Struct):
    data: msgspec.Raw = ABSENT


def analysis_request(session_id: str, about_at: datetime | None) -> Request[SessionAnalysis]:
    """One session as a tree. `about_at`, about when it began, spares Telnyx a search. Raises InvalidInput."""
    if not 0 < len(session_id) <= _MAX_ID_LENGTH or not session_id.isprintable():
        raise InvalidInput(
            f"session_id must have 1 to {_MAX_ID_LENGTH} printable characters", field="session_id"
        )
    parameters = {"include_children": "true", "max_depth": str(_MAX_DEPTH), "expand": "record"}
    if about_at is not None:
        parameters["date_time"] = format_rfc3339(about_at)
    return Request(
        "session_analysis",
        parameters,
        parse_session_analysis,
        "[TELNYX SESSION ANALYSIS]",
        path=f"session_analysis/call-session/{quote(session_id, safe='')}",
        absent="Telnyx has no analysis of this session, or none that is final yet",
    )


def parse_session_analysis(body: bytes) -> SessionAnalysis:
    """The tree, flat. An amount that cannot be read has a sentence instead. Raises UnreadableAnswer for no tree."""
    reader = ValueReader()
    try:
        data = msgspec.json.decode(body, type=_Answer).data
        tree = msgspec.json.decode(bytes(data) or body, type=_Tree)
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not the analysis of a session: {error}") from error
    cost = reader.shape(tree.cost, "cost", _Cost) or _Cost()
    total = reader.money(cost.total, "cost.total", reader.text(cost.currency, "currency") or DEFAULT_CURRENCY)
    if total is None:
        reader.complain("cost.total", "missing or unreadable")
    events = tuple(_read_events(tree.root, reader))
    return SessionAnalysis(total, events, reader.unreadable)


def _read_events(root: msgspec.Raw, reader: ValueReader) -> Iterator[AnalyzedEvent]:
    waiting, seen = [root], 0
    while waiting:
        seen += 1
        if seen > MAX_EVENTS:
            raise UnreadableAnswer(f"the session has more than {MAX_EVENTS} events")
        node = reader.shape(waiting.pop(), "event", _Node) or _Node()
        waiting += reversed(node.children or [])
        event = _read_event(node, reader)
        if event.cost.nanos:
            yield event


def _read_event(node: _Node, reader: ValueReader) -> AnalyzedEvent:
    cost = reader.shape(node.cost, "event.cost", _Cost) or _Cost()
    currency = reader.text(cost.currency, "event.currency") or DEFAULT_CURRENCY
    amount = reader.charge(cost.event_cost, "event.event_cost", currency)
    return AnalyzedEvent(
        event_id=reader.text(node.id, "event.id"),
        record_type=record_type_of_product(reader.text(node.product, "event.product")),
        cost=amount or Money(currency, 0),
    )
