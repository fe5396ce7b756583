"""The witnesses of a session: side by side, on the page of its calls and on one of their own."""

import pytest

from services.common.errors import QuotaExhausted, Unavailable
from tests.support.call_stories import CALL_ID, SESSION_ID, tell_of_settled_call
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tests.support.proof_messages import witnesses
from tollbook.reconciler.v1 import audit_pb2

URL = "/billing/sessions/session-1/witnesses"


async def get(edge: EdgeUnderTest, url: str = URL, status: int = 200) -> Page:
    response = await edge.client.get(url)
    assert response.status_code == status, response.text
    return Page(response.text)


async def test_side_by_side(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.witnesses["session-1"] = witnesses()
    text = (await get(edge))["witnesses"].text
    for line in (
        "Part Detail records call.cost Session analysis",
        "SIP trunking $0.0150 $0.0100 –",
        "Answering-machine detection 0.0000 EUR – –",
        "In all $0.0230 0.0000 EUR $0.0100 has not spoken",
        "Where they do not agree sip-trunking: the records say 0.015 USD, call.cost says 0.01 USD.",
        "Detail records: 3 detail records.",
        "Session analysis: Telnyx was not asked.",
    ):
        assert line in text


async def test_witnesses_that_agree(edge: EdgeUnderTest) -> None:
    edge.fakes.audits.witnesses["session-1"] = witnesses(differences=[])
    assert "Where they speak of the same, they agree." in (await get(edge)).text


async def test_a_single_witness_agrees_with_nobody(edge: EdgeUnderTest) -> None:
    alone = witnesses(differences=[])
    del alone.witnesses[1:]
    edge.fakes.audits.witnesses["session-1"] = alone
    assert "they agree" not in (await get(edge)).text


@pytest.mark.parametrize(("query", "ask_telnyx"), [("", False), ("?askTelnyx=true", True)])
async def test_telnyx_is_asked_only_on_request(edge: EdgeUnderTest, query: str, ask_telnyx: bool) -> None:
    edge.fakes.audits.witnesses["session-1"] = witnesses()
    await get(edge, f"{URL}{query}")
    [request] = edge.fakes.audits.requests["CompareWitnesses"]
    assert isinstance(request, audit_pb2.CompareWitnessesRequest)
    assert request.ask_telnyx is ask_telnyx


async def test_the_page_of_a_call_leads_to_them(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    page = await get(edge, f"/billing/calls/{CALL_ID}?zone=Asia/Tokyo&back=days%3D7")
    place = page["witnesses-place"]
    [link] = [tag for tag in page.named("a") if tag.text == "See whether they agree"]
    assert place["hx-get"] == link["href"]
    assert link["href"].startswith(f"/billing/sessions/{SESSION_ID}/witnesses?")
    assert edge.fakes.audits.requests == {}
    edge.fakes.audits.witnesses[SESSION_ID] = witnesses()
    piece = await get(edge, link["href"])
    assert piece["page"].name == "div"
    assert piece["witnesses"].name == "section"
    hidden = {tag["name"]: tag["value"] for tag in piece.named("input")}
    assert hidden == {"askTelnyx": "true", "back": "days=7&zone=Asia%2FTokyo", "zone": "Asia/Tokyo"}
    crumbs = [tag["href"] for tag in piece.named("a") if tag.text in ("Billing", "Call")]
    assert f"/billing/calls/{SESSION_ID}?back=days%3D7%26zone%3DAsia%252FTokyo&zone=Asia%2FTokyo" in crumbs


async def test_a_leg_without_a_session_has_no_witnesses(edge: EdgeUnderTest) -> None:
    tell_of_settled_call(edge.fakes)
    edge.fakes.ledger.calls[CALL_ID].session_id = ""
    assert "See whether they agree" not in (await get(edge, f"/billing/calls/{CALL_ID}")).text


async def test_a_session_that_nobody_knows(edge: EdgeUnderTest) -> None:
    assert "no session is known under this id" in (await get(edge, status=404))["witnesses"].text


@pytest.mark.parametrize(
    "error", [Unavailable("the reconciler is starting"), QuotaExhausted("no quota is left")]
)
async def test_while_they_cannot_be_compared(edge: EdgeUnderTest, error: Exception) -> None:
    edge.fakes.audits.errors["CompareWitnesses"] = error
    assert f"They could not be compared: {error}." in (await get(edge))["witnesses"].text


async def test_what_is_wrong_with_the_address_is_told(edge: EdgeUnderTest) -> None:
    assert "askTelnyx must be one of" in (await get(edge, f"{URL}?askTelnyx=perhaps", 400)).text
    assert "zone must be" in (await get(edge, f"{URL}?zone=nowhere", 422)).text


async def test_text_from_outside_is_inert(edge: EdgeUnderTest) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    told = witnesses(differences=[attack])
    told.witnesses[0].parts[0].record_type = attack
    told.witnesses[0].message = attack
    edge.fakes.audits.witnesses["session-1"] = told
    response = await edge.client.get(URL)
    assert "<img src=x" not in response.text
    assert "<script>alert" not in response.text
    assert Page(response.text).text.count(attack) == 3
