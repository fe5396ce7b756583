"""Reading `GET /v2/webhook_deliveries`: above all the webhooks that nobody took (Telnyx facts, section 6)."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from services.common.clock import Clock
from services.common.errors import InvalidInput, TelnyxUnreachable
from services.common.times import format_rfc3339
from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.pages import parse_rows
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, ValueReader, is_absent
from services.telnyx_vocabulary.records import RowPage
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event

MAX_AT_ONCE = 1_000
"""Deliveries that are held in memory to put them in order; a window with more is read in halves."""

_PAGE_SIZE = 50
_FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook that was to be delivered. `started_at` is None where it cannot be read."""

    delivery_id: str
    started_at: datetime | None
    event: WebhookEvent


class _Row(msgspec.Struct):
    id: msgspec.Raw = ABSENT
    started_at: msgspec.Raw = ABSENT
    status: msgspec.Raw = ABSENT
    webhook: msgspec.Raw = ABSENT


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which deliveries are wanted."""

    window: Window
    include_delivered: bool


async def read_deliveries(
    client: TelnyxClient,
    clock: Clock,
    window: Window,
    priority: Priority,
    *,
    include_delivered: bool = False,
) -> AsyncIterator[Delivery]:
    """The deliveries that began in the window and failed, or all, oldest first, each once.

    Raises InvalidInput for an empty window, TelnyxRefused, TelnyxUnreachable and QuotaExhausted.
    """
    if window.from_at >= window.to_at:
        raise InvalidInput("from_time must be before to_time", field="to_time")
    asked = _Asked(window, include_delivered)
    page = await client.ask(_request(asked, 1), priority)
    if page.total_results > MAX_AT_ONCE:
        halves = window.halves()
        if halves is None:
            raise TelnyxUnreachable(f"there are more than {MAX_AT_ONCE} webhook deliveries of one moment")
        for half in reversed(halves):
            async for delivery in read_deliveries(
                client, clock, half, priority, include_delivered=include_delivered
            ):
                yield delivery
        return
    found = dict(_read_rows(page, asked, clock.now()))
    number = 1
    while page.rows and number < page.total_pages:
        number += 1
        page = await client.ask(_request(asked, number), priority)
        found |= dict(_read_rows(page, asked, clock.now()))
    for delivery in sorted(found.values(), key=lambda each: each.started_at or window.from_at):
        yield delivery


def _request(asked: _Asked, number: int) -> Request[RowPage]:
    status = {} if asked.include_delivered else {"filter[status][eq]": _FAILED}
    return Request(
        "webhook_deliveries",
        {
            **status,
            "filter[started_at][gte]": format_rfc3339(asked.window.from_at),
            # Inclusive: Telnyx has no `lt` here.
            "filter[started_at][lte]": format_rfc3339(asked.window.to_at),
            "page[number]": str(number),
            "page[size]": str(_PAGE_SIZE),
        },
        parse_rows,
        f"[TELNYX WEBHOOK DELIVERIES] page {number}",
    )


def _read_rows(page: RowPage, asked: _Asked, read_at: datetime) -> Iterator[tuple[str, Delivery]]:
    """The deliveries of one page by id; those outside the window are another window's."""
    for raw in page.rows:
        reader = ValueReader()
        row = reader.shape(msgspec.Raw(raw), "delivery", _Row) or _Row()
        started_at = reader.time(row.started_at, "started_at")
        is_inside = started_at is None or asked.window.from_at <= started_at < asked.window.to_at
        if is_inside and (asked.include_delivered or reader.text(row.status, "status") in ("", _FAILED)):
            event = read_event(_webhook_body(row, raw), read_at, False)
            delivery = Delivery(reader.text(row.id, "id"), started_at, event)
            yield delivery.delivery_id or event.event_id, delivery


def _webhook_body(row: _Row, raw: bytes) -> bytes:
    """The webhook as it was sent: an object, or its text; the whole delivery where there is neither."""
    webhook = bytes(row.webhook)
    if webhook.startswith(b'"'):
        try:
            return msgspec.json.decode(webhook, type=str).encode()
        except DECODE_ERRORS:
            return raw
    return raw if is_absent(row.webhook) else webhook
