"""The page of a message, or of another record that belongs to no call."""

import pytest

from services.common.errors import Unavailable
from services.common.wire import to_timestamp
from tests.integration.gateway.test_call_page import ATTACK, assert_inert, get, links_in, panel, poison
from tests.support.book_messages import NOON, charge, coin, usd
from tests.support.call_stories import message_answer
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tollbook.ledger.v1 import book_pb2, ledger_pb2

MESSAGE_URL = "/billing/charges/sms/message-1"


async def test_a_message_says_what_it_cost_and_who_said_so(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charge_details["message-1"] = message_answer()
    page = await get(edge, MESSAGE_URL)
    head = panel(page, "title").text
    for text in (
        "Outbound message",
        "+12025550100 → to +12025550131",
        "2026-11-22 12:00:00 UTC · SMS to +12025550131",
        "$0.0051 exact detail records",
        "$0.0051 for messaging.",
        "Telnyx has billed all of it; nothing is missing.",
    ):
        assert text in head
    prices = panel(page, "prices-title").text
    assert "message.finalized 2026-11-22 12:00:02 $0.0051 $0.0031" in prices
    assert "detail record 2026-11-22 12:01:00 $0.0021 $0.0031" in prices
    assert "In all $0.0051" in panel(page, "parts-1").text
    assert "1 entry in all $0.0051" in page["journal"].text
    assert '"cost": "0.00205"' in page.named("pre")[0].text
    (request,) = edge.fakes.ledger.requests["GetCharge"]
    assert isinstance(request, ledger_pb2.GetChargeRequest)
    assert (request.kind, request.record_id) == (book_pb2.RECORD_KIND_SMS, "message-1")


async def test_a_message_that_is_not_priced_yet(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charge_details["message-1"] = ledger_pb2.GetChargeResponse(
        charges=[
            charge(
                1,
                kind=book_pb2.RECORD_KIND_SMS,
                record_id="message-1",
                status=book_pb2.CHARGE_STATUS_ESTIMATED,
                direction="inbound",
                cost=usd(0),
            )
        ]
    )
    page = await get(edge, MESSAGE_URL)
    assert "Inbound message" in page.text
    assert "+12025550131 → to +12025550100" in page.text
    assert "Telnyx has not billed it yet; it becomes exact once its detail records are here." in page.text
    assert "Nothing so far $0.0000" in page.text
    assert "What Telnyx said that it costs" not in page.text


async def test_another_record(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charge_details["fax:f/1"] = ledger_pb2.GetChargeResponse(
        charges=[
            book_pb2.Charge(
                kind=book_pb2.RECORD_KIND_OTHER,
                record_id="fax:f/1",
                time=to_timestamp(NOON),
                cost=amount,
                status=book_pb2.CHARGE_STATUS_EXACT,
                source="detail_records_api",
                description="fax",
            )
            for amount in (usd(7_000_000), coin("EUR", 1))
        ]
    )
    page = await get(edge, "/billing/charges/other/fax:f%2F1?zone=Asia/Tokyo&back=recordType%3Dother")
    assert "Record Fax 2026-11-22 21:00:00 UTC+09:00" in panel(page, "title").text
    assert "What it consists of in EUR" in page.text
    assert "record id fax:f/1" in page["ids"].text
    assert links_in(page, "Billing")[-1] == "/billing?recordType=other&zone=Asia/Tokyo"
    assert page["live"]["data-url"] == "/billing/live"
    again = await get(edge, page["book"]["hx-get"])
    assert again.text == page.text


@pytest.mark.parametrize(
    "url",
    [
        "/billing/charges/call/v3:a%2Fb?zone=Asia/Tokyo",
        "/billing/charges/other/sip-trunking:r1?zone=Asia/Tokyo",
    ],
)
async def test_what_is_a_call_leads_to_its_page(edge: EdgeUnderTest, url: str) -> None:
    merged = ledger_pb2.GetChargeResponse(charges=[charge(1, record_id="v3:a/b")])
    edge.fakes.ledger.charge_details["sip-trunking:r1"] = merged
    response = await edge.client.get(url)
    assert response.status_code == 303
    assert response.headers["location"].startswith("/billing/calls/v3:a%2Fb?")
    assert response.headers["location"].endswith("zone=Asia%2FTokyo")


async def test_an_unknown_message_says_what_to_do(edge: EdgeUnderTest) -> None:
    page = await get(edge, "/billing/charges/sms/nobody?back=recordType%3Dsms", 404)
    assert "nothing has been charged under this id" in page.text
    assert "look for the number in the list" in page.text
    assert links_in(page, "Back to billing") == ["/billing?recordType=sms"]


async def test_an_answer_without_a_charge_is_nothing_known(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charge_details["message-1"] = ledger_pb2.GetChargeResponse()
    assert "nothing has been charged under this id" in (await get(edge, MESSAGE_URL, 404)).text


async def test_an_unknown_kind_is_refused_by_name(edge: EdgeUnderTest) -> None:
    page = await get(edge, "/billing/charges/fax/1", 404)
    assert "the kind of a record is call, sms or other" in page.text


async def test_without_the_ledger_the_page_says_so(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["GetCharge"] = Unavailable("the ledger is away")
    assert "the ledger is away" in (await get(edge, MESSAGE_URL, 503)).text


async def test_stored_text_is_inert_in_every_field(edge: EdgeUnderTest) -> None:
    answer = message_answer()
    for message in (*answer.charges, *answer.parts, *answer.history, *answer.events, *answer.records):
        poison(message)
    answer.charges[0].direction = ATTACK
    edge.fakes.ledger.charge_details["message-1"] = answer
    assert_inert(await edge.client.get(MESSAGE_URL), at_least=15)


async def test_every_id_is_there_once(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charge_details["message-1"] = message_answer()
    page: Page = await get(edge, MESSAGE_URL)
    ids = [tag["id"] for tag in page.tags if tag.has("id")]
    assert len(ids) == len(set(ids))
    assert all(tag["href"].removeprefix("#") in ids for tag in page.named("a") if tag["href"].startswith("#"))
