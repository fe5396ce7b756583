"""What the page /billing says: cards, coverage, chart, panels and records, and what it says when a part is away."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.common.errors import InvalidInput, TelnyxUnreachable, Unavailable
from services.common.wire import from_timestamp, to_timestamp
from tests.support.book_messages import NOON, charge, coin, totals, usd
from tests.support.edge import EdgeUnderTest
from tests.support.page_reader import Page
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2


async def page_of(edge: EdgeUnderTest, query: str = "") -> Page:
    response = await edge.client.get(f"/billing{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


def summary(*sums: ledger_pb2.Totals) -> ledger_pb2.SummarizeResponse:
    return ledger_pb2.SummarizeResponse(totals=sums)


def group(key: str, nanos: int, part: str = "", currency: str = "USD") -> ledger_pb2.SummaryGroup:
    return ledger_pb2.SummaryGroup(key=key, part=part, totals=[totals(currency, nanos)])


async def test_four_cards(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(
        balance=usd(31_270_000_000),
        available_credit=usd(41_270_000_000),
        read_time=to_timestamp(NOON - timedelta(seconds=12)),
    )
    edge.fakes.ledger.summary = summary(totals("USD", 123_456_789), totals("EUR", 100_000))
    page = await page_of(edge)
    balance, total, sms, call = page.with_class("card")
    assert (
        balance.text
        == "Account balance Statement $31.2700 $41.2700 available credit as of 11:59:48 , 12 s ago"
    )
    assert total.text == "Total cost $1.2346 no change and 0.0010 EUR"
    assert sms.text == "SMS cost $0.2469 no change and 0.0002 EUR"
    assert call.text == "Call cost $0.8642 no change and 0.0007 EUR"
    assert [figure["title"] for figure in page.with_class("good") if figure.name == "data"] == ["31.27 USD"]


@pytest.mark.parametrize("nanos", [0, -1])
async def test_a_balance_that_is_not_positive_is_not_green(edge: EdgeUnderTest, nanos: int) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(nanos))
    page = await page_of(edge)
    assert page.with_class("bad")
    assert not page.with_class("good")


async def test_amounts_are_whole_on_hover_and_marked_where_they_are_rounded(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1, cost=usd(15_166_600)), charge(2, cost=usd(15_100_000))]
    page = await page_of(edge)
    shown = {tag["title"]: tag for tag in page.with_class("amount")}
    assert shown["0.0151666 USD"]["value"] == "0.0151666 USD"
    assert shown["0.0151666 USD"].text == "$0.0152"
    assert "rounded" in shown["0.0151666 USD"].classes
    assert "rounded" not in shown["0.0151 USD"].classes


def spans_of(edge: EdgeUnderTest) -> set[tuple[datetime | None, datetime | None]]:
    """The ranges that the page asked for sums of."""
    spans = set()
    for request in edge.fakes.ledger.requests["Summarize"]:
        assert isinstance(request, ledger_pb2.SummarizeRequest)
        wanted = request.filter
        spans.add(
            (
                from_timestamp(wanted.from_time) if wanted.HasField("from_time") else None,
                from_timestamp(wanted.to_time) if wanted.HasField("to_time") else None,
            )
        )
    return spans


def at(day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "span", "before"),
    [
        ("", (at(23, month=10), None), (at(22, 12, month=9), at(23, month=10))),
        ("?days=7", (at(15), None), (at(7, 12), at(15))),
        ("?from=2026-11-22&to=2026-11-22", (at(22), at(23)), (at(21, 12), at(22))),
        ("?from=2026-11-01&to=2026-11-10", (at(1), at(11)), (at(22, month=10), at(1))),
        ("?to=2026-11-10", (None, at(11)), None),
        ("?from=2026-12-01", (at(1, month=12), None), None),
    ],
)
async def test_costs_are_compared_with_the_same_length_of_time_just_before(
    edge: EdgeUnderTest,
    query: str,
    span: tuple[datetime | None, datetime | None],
    before: tuple[datetime, datetime] | None,
) -> None:
    page = await page_of(edge, query)
    assert spans_of(edge) == ({span, before} if before else {span})
    assert ("Changes are against the period before" in page.text) == (before is not None)


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        (100, "up by $0.0000 , that is 25.0 %"),
        (0, "▲ up by $0.0000 and"),
        (250, "▼ down by $0.0000 , that is 50.0 %"),
        (125, "no change"),
    ],
)
async def test_a_change_is_told_in_words_and_without_a_percentage_of_nothing(
    edge: EdgeUnderTest, earlier: int, told: str
) -> None:
    def answer(request: ledger_pb2.SummarizeRequest) -> ledger_pb2.SummarizeResponse:
        is_before = request.filter.HasField("to_time")
        return summary(totals("USD", earlier if is_before else 125), totals("EUR", 3))

    edge.fakes.ledger.summarizes = answer
    page = await page_of(edge)
    card = page.with_class("card")[1]
    assert told in f"{card.text} and"


async def test_nothing_is_more_than_a_period_without_a_record(edge: EdgeUnderTest) -> None:
    def answer(request: ledger_pb2.SummarizeRequest) -> ledger_pb2.SummarizeResponse:
        return summary() if request.filter.HasField("to_time") else summary(totals("USD", 125))

    edge.fakes.ledger.summarizes = answer
    page = await page_of(edge)
    for card in page.with_class("card")[1:4]:
        assert card.text.endswith("no record in the period before")
        assert "up by" not in card.text


async def test_coverage_is_told_by_money_and_by_count(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.summary = summary(totals("USD", 10**8))
    page = await page_of(edge)
    (coverage,) = page.with_class("coverages")
    assert "60 % of the money" in coverage.text
    assert "66.6 % of the records" in coverage.text
    assert "$0.6000 in 8 of 12 records is exact; $0.4000 in 4 is still estimated ." in coverage.text
    assert [meter["aria-valuenow"] for meter in page.with_class("meter")] == ["60", "66.6"]
    assert page["show-estimated"]["href"] == "/billing?status=estimated"


async def test_the_chart_has_a_column_for_every_day_and_a_table_of_the_same_figures(
    edge: EdgeUnderTest,
) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    edge.fakes.ledger.summary = summary(totals())
    edge.fakes.ledger.groups[ledger_pb2.GROUP_BY_DAY_AND_PART] = [
        group("2026-11-20", 10**8, "sip-trunking"),
        group("2026-11-20", 10**7, "call-control"),
        group("2026-11-22", 5 * 10**6, "estimate"),
        group("2026-11-22", 10**12, "sip-trunking", currency="EUR"),
    ]
    page = await page_of(edge, "?from=2026-11-19&to=2026-11-22&status=exact")
    columns = page.with_class("column")
    assert [column["aria-label"] for column in columns] == [
        "2026-11-19: $0.0000",
        "2026-11-20: $1.1000",
        "2026-11-21: $0.0000",
        "2026-11-22: $0.0500",
    ]
    assert columns[1]["href"] == columns[1]["hx-get"] == "/billing?status=exact&from=2026-11-20&to=2026-11-20"
    assert len(page.with_class("segment")) == 3
    titles = [
        tag.text for tag in page.named("li") if tag.text in {"SIP trunking", "Call control", "Estimate"}
    ]
    assert titles == ["SIP trunking", "Call control", "Estimate"]
    assert "Day SIP trunking Call control Estimate Total" in page["figures"].text
    assert "2026-11-20 $1.0000 $0.1000 – $1.1000" in page["figures"].text
    assert "Total $1.0000 $0.1000 $0.0500 $1.1500" in page["figures"].text
    assert "what was charged in" not in page.text
    edge.fakes.ledger.summary = summary(totals(), totals("EUR"))
    assert "what was charged in USD" in (await page_of(edge)).text


async def test_long_ranges_are_drawn_by_week_and_by_month(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    edge.fakes.ledger.summary = summary(totals())
    edge.fakes.ledger.groups |= {
        ledger_pb2.GROUP_BY_DAY_AND_PART: [group("2026-11-20", 1, "amd")],
        # Keys are first days, and here these lie before the range.
        ledger_pb2.GROUP_BY_WEEK_AND_PART: [group("2026-08-24", 10**8, "amd")],
        ledger_pb2.GROUP_BY_MONTH_AND_PART: [group("2025-07-01", 10**8, "amd")],
    }
    by_week = await page_of(edge, "?from=2026-08-28")
    assert "Cost per week" in by_week.text
    assert by_week.with_class("column")[0]["aria-label"] == "week from 2026-08-24: $1.0000"
    by_month = await page_of(edge, "?from=2025-07-10")
    assert "Cost per month" in by_month.text
    assert by_month.with_class("column")[0]["aria-label"] == "Jul 2025: $1.0000"
    assert "Cost per day" in (await page_of(edge, "?from=2000-01-01")).text  # years before the first cost
    edge.fakes.ledger.groups[ledger_pb2.GROUP_BY_DAY_AND_PART] = [group("2011-11-20", 1, "amd")]
    assert "Cost per year" in (await page_of(edge, "?from=2000-01-01")).text


async def test_panels_show_the_dearest_and_filter_on_a_click(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    edge.fakes.ledger.summary = summary(totals())
    edge.fakes.ledger.groups |= {
        ledger_pb2.GROUP_BY_NUMBER: [group(f"+120255501{n:02d}", 100 + n) for n in range(12)],
        ledger_pb2.GROUP_BY_RECORD_TYPE: [
            group("sms_inbound", 2),
            group("call_outbound", 5),
            group("other", 1),
        ],
        ledger_pb2.GROUP_BY_DAY_AND_PART: [group("2026-11-20", 3, "amd"), group("2026-11-21", 4, "amd")],
    }
    page = await page_of(edge, "?cursor=10&recordType=sms&direction=inbound&sort=cost")
    assert page["number-+12025550111"]["href"] == (
        "/billing?phoneNumber=%2B12025550111&direction=inbound&recordType=sms&sort=cost"
    )
    assert "5 others" in page.text
    assert page["type-call_outbound"]["href"] == "/billing?direction=outbound&recordType=call&sort=cost"
    assert page["type-other"]["href"] == "/billing?recordType=other&sort=cost"
    assert page["type-sms_inbound"]["aria-current"] == "true"
    assert page["type-sms_inbound"]["href"] == "/billing?sort=cost"
    ranked = [row.text for row in page.with_class("ranking")]
    assert ranked[1].startswith("Call out 12 records $0.0000 SMS in")
    assert ranked[2] == "Answering-machine detection $0.0000"


async def test_records_have_links_badges_and_words(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [
        charge(1, cost=usd(15_166_600), duration_seconds=125),
        charge(
            2,
            record_id="m/1",
            status=book_pb2.CHARGE_STATUS_ESTIMATED,
            kind=book_pb2.RECORD_KIND_SMS,
            direction="inbound",
            duration_seconds=0,
            source="a new source",
        ),
        charge(3, record_id="wireless:w1", kind=book_pb2.RECORD_KIND_OTHER, direction="", phone_number=""),
    ]
    page = await page_of(edge, "?zone=Europe/Berlin&sort=-cost")
    rows = [tag for tag in page.named("tr") if tag.has("data-version")]
    assert rows[0].text == (
        "2026-11-22 13:00:00 Call out +12025550100 +12025550131 Call to +12025550131 (60s) 2:05 $0.0152 exact "
        "detail records"
    )
    assert "SMS in +12025550100 +12025550131 Call to +12025550131 (60s) – $0.0150 estimated a new source" in (
        rows[1].text
    )
    assert "Other – +12025550131" in rows[2].text
    links = [
        tag["href"]
        for tag in page.named("a")
        if tag["href"].startswith(("/billing/calls", "/billing/charges"))
    ]
    assert [link.split("?")[0] for link in links] == [
        "/billing/calls/v3:1",
        "/billing/charges/sms/m%2F1",
        "/billing/charges/other/wireless:w1",
    ]
    assert all("zone=Europe%2FBerlin" in link for link in links)
    assert [row["data-version"] for row in rows] == [
        "0.0151666 USD exact",
        "0.015 USD estimated",
        "0.015 USD exact",
    ]
    (request,) = edge.fakes.ledger.requests["ListCharges"]
    assert isinstance(request, ledger_pb2.ListChargesRequest)
    assert request.order == ledger_pb2.CHARGE_ORDER_DEAREST


async def test_an_empty_book_says_what_to_expect(edge: EdgeUnderTest) -> None:
    page = await page_of(edge)
    assert "No calls or messages yet." in page.text
    assert "Total cost $0.0000" in page.text
    assert "0 records" in page.text
    assert not page.with_class("panels")


async def test_a_filter_that_finds_nothing_says_what_to_change(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge, "?cursor=50&phoneNumber=%2B12025550199")
    assert "No more records. Back to the first page" in page.text
    assert "No calls or messages yet" not in page.text


async def test_without_telnyx_the_costs_still_stand(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.errors["GetBalance"] = TelnyxUnreachable("Telnyx does not answer")
    edge.fakes.ledger.charges = [charge(1)]
    page = await page_of(edge)
    assert "Telnyx's balance could not be read: Telnyx does not answer" in page.text
    assert "Total cost $0.0000" in page.text
    assert page.with_class("badge")


async def test_without_the_ledger_the_balance_still_stands(edge: EdgeUnderTest) -> None:
    away = Unavailable("the ledger is away")
    edge.fakes.ledger.errors |= {"Summarize": away, "ListCharges": away}
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=usd(10**9))
    page = await page_of(edge, "?status=exact")
    assert page.text.count("the ledger is away") == 1
    assert "see whether Tollbook's ledger runs, and what its log says" in page.text
    assert [card.text for card in page.with_class("card")] == [
        "Account balance Statement $1.0000 $0.0000 available credit",
        "Total cost – not known now",
        "SMS cost – not known now",
        "Call cost – not known now",
    ]
    assert {"href": "/billing?status=exact"} in [tag.attributes for tag in page.named("a")]


@pytest.mark.parametrize("method", ["Summarize", "ListCharges"])
async def test_what_can_be_read_is_shown_without_the_rest(edge: EdgeUnderTest, method: str) -> None:
    edge.fakes.ledger.charges = [charge(1)]
    edge.fakes.ledger.errors[method] = Unavailable("too busy")
    page = await page_of(edge)
    assert page.text.count("Could not be read: too busy") == (7 if method == "Summarize" else 1)
    assert bool(page.with_class("badge")) == (method == "Summarize")
    assert "not known now" not in page.text


async def test_without_the_period_before_the_costs_stand_alone(edge: EdgeUnderTest) -> None:
    def answer(request: ledger_pb2.SummarizeRequest) -> ledger_pb2.SummarizeResponse:
        if request.filter.HasField("to_time"):
            raise Unavailable("too busy")
        return summary(totals("USD", 10**8))

    edge.fakes.ledger.summarizes = answer
    page = await page_of(edge)
    assert page.with_class("card")[1].text == "Total cost $1.0000"
    assert "Changes are against" not in page.text


async def test_a_cursor_that_the_ledger_refuses_is_refused_by_name(edge: EdgeUnderTest) -> None:
    edge.fakes.ledger.errors["ListCharges"] = InvalidInput("this is no cursor of ours", "page_token")
    response = await edge.client.get("/billing?cursor=nonsense&status=exact")
    page = Page(response.text)
    assert response.status_code == 400
    assert page["problem"].text == "This cannot be shown: this is no cursor of ours."
    assert page["start-again"]["href"] == "/billing?status=exact"


async def test_a_balance_in_another_currency_is_named(edge: EdgeUnderTest) -> None:
    edge.fakes.telnyx.balance = telnyx_gateway_pb2.GetBalanceResponse(balance=coin("EUR", 10**9))
    edge.fakes.ledger.charges = [charge(1, time=to_timestamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))]
    page = await page_of(edge)
    assert "1.0000 EUR" in page.text
    assert "2026-01-02 03:04:05" in page.text


async def test_days_are_those_of_the_calendar_whatever_is_open(edge: EdgeUnderTest) -> None:
    """A range without a beginning starts with the first cost; one in the future has no chart."""
    edge.fakes.ledger.charges = [charge(1)]
    edge.fakes.ledger.summary = summary(totals())
    first = date(2026, 11, 2)
    edge.fakes.ledger.groups[ledger_pb2.GROUP_BY_DAY_AND_PART] = [group(first.isoformat(), 5, "amd")]
    page = await page_of(edge, "?to=2026-11-05")
    assert [column["aria-label"][:10] for column in page.with_class("column")] == [
        (first + timedelta(days=number)).isoformat() for number in range(4)
    ]
    assert "No cost in this range." in (await page_of(edge, "?from=2027-01-01")).text
