"""The page of the statement: from opening to closing with nothing left out, and the balance over time."""

from datetime import datetime, timedelta

import pytest

from services.common.errors import InvalidInput, Unavailable
from services.common.wire import from_timestamp
from tests.support.book_messages import NOON, coin, usd
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page, Tag
from tests.support.proof_messages import history, snapshot, statement, statement_line
from tollbook.ledger.v1 import balance_pb2

URL = "/billing/statement"


async def get(edge: EdgeUnderTest, url: str = URL, status: int = 200) -> Page:
    response = await edge.client.get(url)
    assert response.status_code == status, response.text
    return Page(response.text)


def region(page: Page, title: str) -> Tag:
    [heading] = [tag for tag in page.named("h2") if tag.text == title]
    return next(
        tag for tag in page.named("section") if tag.attributes.get("aria-labelledby") == heading["id"]
    )


async def test_from_opening_to_closing(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.statement = statement()
    text = region(await get(edge), "From the opening balance to the closing one").text
    for line in (
        "Opening balance 2026-11-21 12:00:00 $10.0000",
        "Top-up inferred 2026-11-22 09:00:00 + $20.0000 $30.0000",
        "Usage: SIP trunking -$3.1500 $26.8500",
        "Usage: Call control -$0.2500 $26.6000",
        "Monthly charges -$1.0000 $25.6000",
        "Not explained + $0.0125 $25.6125",
        "Closing balance 2026-11-22 12:00:00 + $15.6125 $25.6125",
        "What is not known well enough charges_summary has not spoken of 2026-11-22 yet.",
    ):
        assert line in text
    assert "do not add up" not in text


async def test_the_unexplained_rest_is_always_there(edge: EdgeUnderTest) -> None:
    rest = statement_line(balance_pb2.STATEMENT_LINE_KIND_UNEXPLAINED, 0, is_inferred=True)
    edge.fakes.balances.statement = statement(lines=[rest], closing=snapshot(10_000_000_000, NOON))
    page = await get(edge)
    assert region(page, "Not explained").text == "Not explained $0.0000 All of the change is accounted for."
    assert (
        "Not explained $0.0000 $10.0000" in region(page, "From the opening balance to the closing one").text
    )


@pytest.mark.parametrize("kind", list(balance_pb2.StatementLineKind.values())[1:])
async def test_every_kind_has_its_words(
    edge: EdgeUnderTest, kind: balance_pb2.StatementLineKind.ValueType
) -> None:
    edge.fakes.balances.statement = statement(lines=[statement_line(kind, 1)])
    name = balance_pb2.StatementLineKind.Name(kind)
    text = region(await get(edge), "From the opening balance to the closing one").text
    assert name not in text
    assert name.removeprefix("STATEMENT_LINE_KIND_").lower() not in text.partition("inferred nobody")[0]


async def test_lines_that_do_not_add_up_are_not_hidden(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.statement = statement(closing=snapshot(1, NOON))
    assert "The lines do not add up to the closing balance" in (await get(edge)).text


async def test_lines_of_another_currency_are_in_no_sum(edge: EdgeUnderTest) -> None:
    told = statement()
    told.lines.append(
        statement_line(
            balance_pb2.STATEMENT_LINE_KIND_USAGE, 0, amount=coin("EUR", -5_000_000), record_type="amd"
        )
    )
    edge.fakes.balances.statement = told
    text = (await get(edge)).text
    assert "in no sum: Usage: Answering-machine detection, -0.0050 EUR" in text
    assert "do not add up" not in text


async def test_without_any_balance(edge: EdgeUnderTest) -> None:
    page = await get(edge)
    assert "No balance is known of this range." in page.text
    assert "No balance was read in this range." in page.text
    assert "It takes a day of balances to tell." in page.text
    assert not page.named("table")


async def test_how_long_it_lasts(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(10**10, 9 * 10**9)
    page = await get(edge)
    assert region(page, "Lasts for").text == "Lasts for 4 days $2.5000 a day, over the last 7 days"
    assert "bad" in page.with_class("figure")[3].classes
    edge.fakes.balances.history.burn_rate.ClearField("time_left")
    assert "no end in sight" in region(await get(edge), "Lasts for").text


async def test_the_balance_is_drawn_and_told(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.history = history(20 * 10**9, 5 * 10**9, 25 * 10**9, -(10**9))
    page = await get(edge, f"{URL}?from=2026-11-22&to=2026-11-22")
    [drawing] = page.with_class("balance")
    assert drawing["aria-label"].startswith(
        "The balance from 2026-11-22 to 2026-11-22: first $20.0000, lowest -$1.0000, highest $25.0000, "
        "last -$1.0000."
    )
    assert "2026-11-22 $20.0000 -$1.0000 $25.0000 -$1.0000" in page["figures"].text
    [line] = page.with_class("drawn")
    assert line["d"].startswith("M0 ")
    assert line["d"].count("H") == 3


async def test_a_change_of_currency_is_not_drawn_on_one_axis(edge: EdgeUnderTest) -> None:
    told = history(20 * 10**9, 5 * 10**9)
    told.snapshots.insert(0, snapshot(10**12, NOON - timedelta(hours=5), "EUR"))
    edge.fakes.balances.history = told
    assert "highest $20.0000" in (await get(edge)).with_class("balance")[0]["aria-label"]


async def test_the_range_is_that_of_the_address(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.statement = statement()
    page = await get(edge, f"{URL}?from=2026-11-01&to=2026-11-21&zone=Asia/Tokyo")
    for method in ("GetStatement", "ListBalances"):
        [request] = edge.fakes.balances.requests[method]
        assert isinstance(request, balance_pb2.GetStatementRequest | balance_pb2.ListBalancesRequest)
        assert from_timestamp(request.from_time) == datetime.fromisoformat("2026-11-01T00:00:00Z")
        assert from_timestamp(request.to_time) == datetime.fromisoformat("2026-11-22T00:00:00Z")
    assert "2026-11-21 21:00:00" in page.text
    assert page["range-30-days"]["href"] == f"{URL}?zone=Asia/Tokyo"


@pytest.mark.parametrize(
    ("query", "status", "sentence"),
    [
        ("from=x", 400, "from must be a date"),
        ("from=2026-11-22&to=2026-11-01", 422, "from must be before to"),
        ("zone=x", 422, "zone must be the name"),
    ],
)
async def test_a_range_that_cannot_be_shown_is_marked(
    edge: EdgeUnderTest, query: str, status: int, sentence: str
) -> None:
    page = await get(edge, f"{URL}?{query}", status)
    assert sentence in page["problem"].text
    assert edge.fakes.balances.requests == {}


async def test_what_only_the_ledger_can_refuse(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.errors["GetStatement"] = InvalidInput("the period is too long", "from_time")
    assert "the period is too long" in (await get(edge, f"{URL}?from=1999-01-01", 400))["problem"].text


@pytest.mark.parametrize(
    ("method", "other"), [("GetStatement", "ListBalances"), ("ListBalances", "GetStatement")]
)
async def test_each_part_fails_on_its_own(edge: EdgeUnderTest, method: str, other: str) -> None:
    edge.fakes.balances.statement = statement()
    edge.fakes.balances.history = history(10**9)
    edge.fakes.balances.errors[method] = Unavailable("the ledger is starting")
    page = await get(edge)
    assert "Could not be read: the ledger is starting" in page.text
    assert ("Monthly charges" in page.text) is (other == "GetStatement")
    assert bool(page.with_class("drawn")) is (other == "ListBalances")


async def test_text_from_outside_is_inert(edge: EdgeUnderTest) -> None:
    attack = "<script>alert(1)</script>\"'><img src=x onerror=y>"
    told = statement(notes=[attack])
    told.lines[1].record_type = attack
    told.lines[1].amount.CopyFrom(usd(-3_150_000_000))
    edge.fakes.balances.statement = told
    response = await edge.client.get(URL)
    assert "<img src=x" not in response.text
    assert "<script>alert" not in response.text
    assert Page(response.text).text.count(attack) == 2
