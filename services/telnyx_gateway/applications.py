"""Reading `GET /v2/call_control_applications`: which applications send webhooks, and whether they tell costs."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from services.telnyx_gateway.client import TelnyxClient
from services.telnyx_gateway.pages import parse_rows
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, ValueReader
from services.telnyx_vocabulary.records import RowPage

MAX_APPLICATIONS = 250
_PAGE_SIZE = 250
_MAX_PAGES = 25


@dataclass(frozen=True, slots=True)
class Application:
    """One call-control application. `call_cost_in_webhooks` is off where Telnyx does not mention it: its default."""

    application_id: str
    name: str
    call_cost_in_webhooks: bool
    is_active: bool


class _Application(msgspec.Struct):
    id: msgspec.Raw = ABSENT
    application_name: msgspec.Raw = ABSENT
    call_cost_in_webhooks: bool | None = None
    active: bool | None = None


async def read_applications(client: TelnyxClient, priority: Priority) -> tuple[Application, ...]:
    """The first 250. Raises TelnyxRefused, TelnyxUnreachable and QuotaExhausted."""
    found: list[Application] = []
    for number in range(1, _MAX_PAGES + 1):
        page = await client.ask(_request(number), priority)
        found += page.applications
        if not page.applications or number >= page.total_pages or len(found) >= MAX_APPLICATIONS:
            break
    return tuple(found[:MAX_APPLICATIONS])


@dataclass(frozen=True, slots=True)
class _Page:
    applications: list[Application]
    total_pages: int


def _request(number: int) -> Request[_Page]:
    return Request(
        "call_control_applications",
        {"page[number]": str(number), "page[size]": str(_PAGE_SIZE)},
        _parse_page,
        f"[TELNYX APPLICATIONS] page {number}",
    )


def _parse_page(body: bytes) -> _Page:
    page = parse_rows(body)
    return _Page(list(_read_rows(page)), page.total_pages)


def _read_rows(page: RowPage) -> Iterator[Application]:
    for raw in page.rows:
        reader = ValueReader()
        row = reader.shape(msgspec.Raw(raw), "application", _Application)
        if row is None:
            raise UnreadableAnswer("; ".join(reader.unreadable) or "an application is null")
        yield Application(
            application_id=reader.text(row.id, "id"),
            name=reader.text(row.application_name, "application_name"),
            call_cost_in_webhooks=bool(row.call_cost_in_webhooks),
            is_active=row.active is not False,
        )
