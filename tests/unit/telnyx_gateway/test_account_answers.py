"""What Telnyx says of the account, and what it might: products, charges, applications, cost trees, deliveries."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.clock import SystemClock
from services.common.errors import InvalidInput, TelnyxUnreachable
from services.common.money import Money
from services.telnyx_gateway.account_charges import charges_request, parse_account_charges
from services.telnyx_gateway.applications import Application, read_applications
from services.telnyx_gateway.clock_skew import read_clock_skew
from services.telnyx_gateway.deliveries import Delivery, read_deliveries
from services.telnyx_gateway.detail_query import Window
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.request import UnreadableAnswer
from services.telnyx_gateway.session_analysis import AnalyzedEvent, parse_session_analysis
from services.telnyx_gateway.usage_products import parse_usage_products
from tests.unit.telnyx_gateway.support import Network, open_client

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def usd(nanos: int) -> Money:
    return Money("USD", nanos)


def body(data: object) -> bytes:
    return json.dumps({"data": data}).encode()


def page(rows: list[Any], number: int = 1, total_pages: int = 1, total: int | None = None) -> httpx.Response:
    meta = {
        "total_pages": total_pages,
        "total_results": len(rows) if total is None else total,
        "page_number": number,
        "page_size": 50,
    }
    return httpx.Response(200, json={"data": rows, "meta": meta})


def test_products_with_a_cost_of_their_own_or_of_their_kinds() -> None:
    options = [
        {"product": "sip-trunking", "product_metrics": ["cost", "call_sec"], "record_types": []},
        {"product": "conference", "product_metrics": ["count"], "record_types": None},
        {
            "product": "wireless",
            "product_metrics": None,
            "record_types": [{"record_type": "sim", "product_metrics": ["cost"]}],
        },
        {"product": "sip-trunking", "product_metrics": ["cost"]},
    ]
    assert parse_usage_products(body(options)) == ("sip-trunking", "wireless")


TOTAL = {
    "new_mrc": "1.00",
    "existing_mrc": "6.00",
    "new_otc": "0.50",
    "credits": "-2.00",
    "ledger_adjustments": "0.1234",
    "other": "0.42",
    "grand_total": "6.0434",
}


def test_charges_are_signed_as_they_are_written() -> None:
    charges = parse_account_charges(body({"currency": "USD", "total": TOTAL, "summary": {}}))
    assert charges.new_monthly == usd(10**9)
    assert charges.existing_monthly == usd(6 * 10**9)
    assert charges.new_one_time == usd(500_000_000)
    assert charges.credits == usd(-2 * 10**9)
    assert charges.ledger_adjustments == usd(123_400_000)
    assert charges.other == usd(420_000_000)
    assert charges.grand_total == usd(6_043_400_000)


def test_charges_that_are_not_mentioned_are_none() -> None:
    charges = parse_account_charges(body({"currency": "EUR", "total": {"grand_total": "0", "other": None}}))
    assert charges.other == charges.new_monthly == Money("EUR", 0)


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"total": {}},
        {"total": {"grand_total": None}},
        {"total": {**TOTAL, "credits": "a lot"}},
        {"total": {**TOTAL, "grand_total": "0.12345678901"}},
        {"total": TOTAL, "currency": "dollars"},
    ],
)
def test_charges_that_cannot_be_read_are_none_at_all(data: object) -> None:
    with pytest.raises(UnreadableAnswer):
        parse_account_charges(body(data))


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parsers_fail_otherwise(anything: bytes) -> None:
    for parse in (parse_usage_products, parse_account_charges, parse_session_analysis):
        with pytest.raises(UnreadableAnswer):
            parse(anything)


def test_charges_are_read_for_a_month_at_most() -> None:
    first = date(2026, 7, 1)
    request = charges_request(first, date(2026, 8, 1))
    assert dict(request.parameters) == {"start_date": "2026-07-01", "end_date": "2026-08-01"}
    for end in (first, date(2026, 8, 2)):
        with pytest.raises(InvalidInput):
            charges_request(first, end)


async def test_applications_are_read_page_by_page_up_to_a_limit() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page[number]"])
        rows = [{"id": f"{number}-{n}", "application_name": "line", "active": None} for n in range(100)]
        return page(rows, number, total_pages=9)

    network = Network(answer)
    async with open_client(network) as client:
        found = await read_applications(client, Priority.PERSON)
    assert len(found) == 250
    assert found[0] == Application("1-0", "line", call_cost_in_webhooks=False, is_active=True)
    assert len(network.requests) == 3


async def test_an_application_in_another_shape_is_told() -> None:
    async with open_client(Network(lambda _: page(["odd"]))) as client:
        with pytest.raises(TelnyxUnreachable):
            await read_applications(client, Priority.PERSON)


def node(node_id: str, product: str, cost: object, *children: object) -> dict[str, object]:
    return {
        "id": node_id,
        "product": product,
        "event_name": product,
        "cost": {"event_cost": cost, "cumulative_cost": "9", "currency": "USD"},
        "children": list(children),
    }


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_cost_tree_becomes_a_list_of_what_cost_something(is_wrapped: bool) -> None:
    tree = {
        "session_id": "s",
        "cost": {"total": "0.0321", "currency": "USD"},
        "root": node(
            "s",
            "call-session",
            "0",
            node("a", "sip-trunking", "0.0150", node("b", "call_control", "0.0060")),
            node("c", "speech-to-text", "1.11E-2"),
            node("d", "hologram", "0.0000"),
        ),
        "meta": {"event_count": 5, "products": []},
    }
    analysis = parse_session_analysis(body(tree) if is_wrapped else json.dumps(tree).encode())
    assert analysis.total_cost == usd(32_100_000)
    assert analysis.events == (
        AnalyzedEvent("a", "sip-trunking", usd(15_000_000)),
        AnalyzedEvent("b", "call-control", usd(6_000_000)),
        AnalyzedEvent("c", "stt", usd(11_100_000)),
    )
    assert analysis.unreadable == ()


def test_amounts_of_a_tree_that_cannot_be_read_have_sentences() -> None:
    tree = {"cost": {"total": None}, "root": node("a", "amd", "0.12345678901", "odd", node("b", "amd", "1"))}
    analysis = parse_session_analysis(json.dumps(tree).encode())
    assert analysis.total_cost is None
    assert analysis.events == (AnalyzedEvent("b", "amd", usd(10**9)),)
    assert len(analysis.unreadable) == 3


def delivery(number: int, webhook: object, **fields: object) -> dict[str, object]:
    started_at = (NOON + timedelta(seconds=number)).isoformat()
    return {
        "id": f"d{number}",
        "status": "failed",
        "started_at": started_at,
        "webhook": webhook,
        **fields,
    }


def event(number: int) -> dict[str, object]:
    return {
        "record_type": "event",
        "event_type": "call.hangup",
        "id": f"e{number}",
        "occurred_at": NOON.isoformat(),
        "payload": {"call_session_id": "s"},
    }


async def deliveries(
    answer: Any, window: Window = HOUR, *, include_delivered: bool = False
) -> tuple[list[Delivery], Network]:
    network = Network(answer)
    async with open_client(network) as client:
        told = read_deliveries(
            client, SystemClock(), window, Priority.BACKGROUND, include_delivered=include_delivered
        )
        found = [each async for each in told]
    return found, network


async def test_deliveries_are_asked_by_status_and_time_and_come_oldest_first() -> None:
    rows = [delivery(3, event(3)), delivery(2, {"data": event(2)}), delivery(1, json.dumps(event(1)))]
    found, network = await deliveries(lambda _: page(rows))
    assert [each.delivery_id for each in found] == ["d1", "d2", "d3"]
    assert [each.event.event_id for each in found] == ["e1", "e2", "e3"]
    assert {each.event.session_id for each in found} == {"s"}
    assert dict(network.requests[0].url.params) == {
        "filter[status][eq]": "failed",
        "filter[started_at][gte]": "2026-11-22T12:00:00Z",
        "filter[started_at][lte]": "2026-11-22T13:00:00Z",
        "page[number]": "1",
        "page[size]": "50",
    }


async def test_deliveries_that_were_taken_are_told_when_they_are_wanted() -> None:
    rows = [delivery(2, event(2), status="delivered"), delivery(1, event(1))]
    found, network = await deliveries(lambda _: page(rows), include_delivered=True)
    assert [each.event.event_id for each in found] == ["e1", "e2"]
    assert "filter[status][eq]" not in network.requests[0].url.params


async def test_what_a_filter_let_through_is_left_out() -> None:
    rows = [
        delivery(1, event(1), status="delivered"),
        delivery(3_600, event(2)),
        delivery(-1, event(3)),
        delivery(2, event(4), started_at=None),
    ]
    found, _ = await deliveries(lambda _: page(rows))
    assert [each.event.event_id for each in found] == ["e4"]
    assert found[0].started_at is None


@pytest.mark.parametrize("webhook", [None, "{broken", {}, [1], 7])
async def test_a_payload_that_cannot_be_read_is_kept(webhook: object) -> None:
    (found,), _ = await deliveries(lambda _: page([delivery(1, webhook)]))
    assert found.event.event_type == "unreadable"
    assert found.event.raw


async def test_pages_that_shift_give_each_delivery_once() -> None:
    pages = {
        1: [delivery(3, event(3)), delivery(2, event(2))],
        2: [delivery(2, event(2)), delivery(1, event(1))],
    }

    def answer(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page[number]"])
        return page(pages[number], number, total_pages=2)

    found, _ = await deliveries(answer)
    assert [each.delivery_id for each in found] == ["d1", "d2", "d3"]


async def test_a_window_with_too_many_deliveries_is_read_in_halves_from_the_oldest() -> None:
    rows = [delivery(number, event(number)) for number in range(0, 3_600, 100)]

    def answer(request: httpx.Request) -> httpx.Response:
        parameters = request.url.params
        since, until = (
            datetime.fromisoformat(parameters[f"filter[started_at][{end}]"]) for end in ("gte", "lte")
        )
        inside = [row for row in rows if since <= datetime.fromisoformat(str(row["started_at"])) <= until]
        return page(inside, total=1_001 if until - since > timedelta(minutes=20) else None)

    found, _ = await deliveries(answer)
    assert [each.delivery_id for each in found] == [row["id"] for row in rows]


async def test_too_many_in_one_moment_is_given_up() -> None:
    with pytest.raises(TelnyxUnreachable):
        await deliveries(lambda _: page([], total=1_001), Window(NOON, NOON + timedelta(microseconds=1)))


@pytest.mark.parametrize(
    ("header", "skew_s"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", -0.5),
        ("Sun, 22 Nov 2026 12:05:00 -0000", 299.5),
        ("Sun, 22 Nov 2026 13:00:00 +0200", -3600.5),
        ("soon", None),
        ("", None),
    ],
)
def test_the_skew_of_a_clock_is_its_date_less_the_middle_of_the_wait(
    header: str, skew_s: float | None
) -> None:
    skew = read_clock_skew({"date": header}, NOON, NOON + timedelta(seconds=2))
    assert skew == (None if skew_s is None else timedelta(seconds=skew_s))
