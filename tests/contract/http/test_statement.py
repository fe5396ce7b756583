"""`GET /api/billing/statement`: from the opening balance to the closing one, exactly."""

from datetime import datetime
from decimal import Decimal

import pytest

from services.common.errors import InvalidInput
from services.common.wire import from_timestamp
from tests.support.book_messages import coin
from tests.support.edge import EdgeUnderTest, exact_json
from tests.support.proof_messages import snapshot, statement, statement_line
from tests.support.rest_contract import assert_problem
from tollbook.ledger.v1 import balance_pb2

URL = "/api/billing/statement"


async def test_the_statement(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.statement = statement()
    response = await edge.client.get(f"{URL}?from=2026-11-21&to=2026-11-22")
    assert response.text == (
        '{"from":"2026-11-21T00:00:00Z","to":"2026-11-23T00:00:00Z","currency":"USD",'
        '"opening":{"balance":10,"pending":0,"creditLimit":5,"availableCredit":15,"currency":"USD",'
        '"readAt":"2026-11-21T12:00:00Z"},"lines":['
        '{"kind":"top_up","amount":20,"recordType":null,"time":"2026-11-22T09:00:00Z","inferred":true},'
        '{"kind":"usage","amount":-3.15,"recordType":"sip-trunking","time":null,"inferred":false},'
        '{"kind":"usage","amount":-0.25,"recordType":"call-control","time":null,"inferred":false},'
        '{"kind":"monthly","amount":-1,"recordType":null,"time":null,"inferred":false},'
        '{"kind":"unexplained","amount":0.0125,"recordType":null,"time":null,"inferred":true}],'
        '"unexplained":0.0125,"closing":{"balance":25.6125,"pending":0,"creditLimit":5,'
        '"availableCredit":30.6125,"currency":"USD","readAt":"2026-11-22T12:00:00Z"},'
        '"notes":["charges_summary has not spoken of 2026-11-22 yet."]}'
    )
    content = exact_json(response)
    moved = sum(Decimal(line["amount"]) for line in content["lines"])
    assert content["opening"]["balance"] + moved == content["closing"]["balance"]


@pytest.mark.parametrize("kind", list(balance_pb2.StatementLineKind.values())[1:])
async def test_every_kind_has_its_word(
    edge: EdgeUnderTest, kind: balance_pb2.StatementLineKind.ValueType
) -> None:
    edge.fakes.balances.statement = statement(lines=[statement_line(kind, 1)])
    [line] = (await edge.client.get(URL)).json()["lines"]
    name = balance_pb2.StatementLineKind.Name(kind).removeprefix("STATEMENT_LINE_KIND_")
    assert line["kind"] == name.lower()


async def test_without_any_balance_there_is_nothing_to_tell(edge: EdgeUnderTest) -> None:
    content = (await edge.client.get(URL)).json()
    assert [content[name] for name in ("opening", "closing", "unexplained")] == [None] * 3
    assert (content["lines"], content["notes"], content["currency"]) == ([], [], "USD")


async def test_other_currencies_are_in_no_sum(edge: EdgeUnderTest) -> None:
    told = statement(opening=snapshot(1, datetime.fromisoformat("2026-11-21T00:00:00Z"), "EUR"))
    told.lines[1].amount.CopyFrom(coin("EUR", -5))
    edge.fakes.balances.statement = told
    content = (await edge.client.get(URL)).json()
    assert content["currency"] == "EUR"
    assert [line["recordType"] for line in content["lines"]] == ["sip-trunking"]
    assert content["unexplained"] is None
    [others] = content["otherCurrencies"]
    assert (others["currency"], len(others["lines"])) == ("USD", 4)


@pytest.mark.parametrize(
    ("query", "from_at", "to_at"),
    [
        # The clock of the test stands at noon of 2026-11-22.
        ("", "2026-10-23T00:00:00Z", "2026-11-22T12:00:00Z"),
        ("?from=2026-11-20&to=2026-11-20", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
        (
            "?from=2026-11-20T08:00:00Z&to=2026-11-20T09:00:00Z",
            "2026-11-20T08:00:00Z",
            "2026-11-20T09:00:00Z",
        ),
        ("?to=2026-10-31", "2026-10-02T00:00:00Z", "2026-11-01T00:00:00Z"),
        ("?days=1", "2026-11-21T00:00:00Z", "2026-11-22T12:00:00Z"),
    ],
)
async def test_which_period_is_asked_about(edge: EdgeUnderTest, query: str, from_at: str, to_at: str) -> None:
    content = (await edge.client.get(f"{URL}{query}")).json()
    [request] = edge.fakes.balances.requests["GetStatement"]
    assert isinstance(request, balance_pb2.GetStatementRequest)
    assert from_timestamp(request.from_time) == datetime.fromisoformat(from_at)
    assert from_timestamp(request.to_time) == datetime.fromisoformat(to_at)
    assert (content["from"], content["to"]) == (from_at, to_at)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [("from=soon", 400, "from"), ("from=2026-11-22&to=2026-11-01", 422, "from"), ("days=0", 422, "days")],
)
async def test_a_bad_query_names_the_parameter(
    edge: EdgeUnderTest, query: str, status: int, field: str
) -> None:
    assert_problem(await edge.client.get(f"{URL}?{query}"), status, "", field)


async def test_a_period_that_the_ledger_refuses(edge: EdgeUnderTest) -> None:
    edge.fakes.balances.errors["GetStatement"] = InvalidInput("the period is too long", "from_time")
    assert_problem(await edge.client.get(f"{URL}?from=1999-01-01"), 400, "too long", "from")
