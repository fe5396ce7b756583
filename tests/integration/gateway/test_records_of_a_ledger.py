"""Records, sums and exports through the edge and a real ledger: what only the two together can prove.

Each test asks one book many things, because filling a book is what takes time.
"""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.common.addresses import Address
from services.common.server import open_server
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.edge import EdgeUnderTest, exact_json, open_edge_under_test
from tests.support.ledger_facts import CUSTOMER, OURS, leg, message, message_record, record
from tests.support.rest_contract import assert_as_documented, assert_problem
from tollbook.ledger.v1 import ledger_pb2

RECORDS = "/api/billing/records"
PAYLOADS = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "'; DROP TABLE telnyx_billing; --",
    "50%_off\\",
)
ORDERS = ("-timestamp", "timestamp", "-cost", "cost", "-duration", "duration")


@asynccontextmanager
async def edge_with_a_ledger(folder: Path) -> AsyncIterator[EdgeUnderTest]:
    async with AsyncExitStack() as stack:
        settings = LedgerSettings(
            ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{folder / 'ledger.db'}"
        )
        bound = await stack.enter_async_context(open_server(await prepare(settings, stack)))
        yield await stack.enter_async_context(open_edge_under_test(ledger_target=str(bound)))


async def fill(edge: EdgeUnderTest) -> None:
    """Calls in and out, estimated and exact, of several costs and lengths; messages; a record of no call."""
    events, records = [], []
    for number in range(12):
        call = leg(f"{number}", f"{number}")
        fields = {"direction": "inbound"} if number % 3 == 0 else {}
        if number < len(PAYLOADS):
            fields |= {"to_number": PAYLOADS[number], "direction": "outbound"}
        begun_s = 3600.0 * number
        events.append(call.event("call.answered", begun_s, **fields))
        events.append(call.hangup(begun_s + 61 * (number % 4 + 1), **fields))
        if number % 2:
            cost = f"0.00{number % 5 + 1}"
            records += [call.record(name, cost, begun_s) for name in ("sip-trunking", "call-control")]
    for number in range(4):
        event_type = "message.received" if number % 2 else "message.finalized"
        events.append(message(f"{number}", event_type, "0.0051", 1800.0 * number))
        records.append(message_record(f"{number}", "0.0051", 1800.0 * number))
    records.append(record("inference", "0.02", 100.0))
    ledger = edge.edge.backends.ledger
    await ledger.RecordEvents(ledger_pb2.RecordEventsRequest(events=map(encode_event, events)))
    await ledger.RecordDetailRecords(
        ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, records))
    )


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[EdgeUnderTest]:
    async with edge_with_a_ledger(tmp_path) as opened:
        await fill(opened)
        yield opened


async def answer(edge: EdgeUnderTest, path: str = RECORDS, **parameters: Any) -> Any:
    response = await edge.client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    assert_as_documented(response)
    return exact_json(response)


async def all_pages(edge: EdgeUnderTest, **parameters: Any) -> list[Any]:
    lines: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await answer(edge, **parameters, cursor=cursor)
        lines += page["records"]
        cursor = page["nextCursor"]
    return lines


async def export(edge: EdgeUnderTest, **parameters: Any) -> list[dict[str, str]]:
    response = await edge.client.get(RECORDS, params={**parameters, "export": "true"})
    assert_as_documented(response)
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))


async def test_pages_and_export_have_every_record_once_in_the_order_asked_for(edge: EdgeUnderTest) -> None:
    count = (await answer(edge))["summary"]["count"]
    assert count == 17
    for sort in ORDERS:
        lines = await all_pages(edge, sort=sort, limit=3)
        keys = [line[sort.lstrip("-")] for line in lines]
        assert keys == sorted(keys, reverse=sort.startswith("-"))
        assert len({line["id"] for line in lines}) == len(lines) == count
        rows = await export(edge, sort=sort)
        assert [row["id"] for row in rows] == [line["id"] for line in lines]
        assert [Decimal(row["cost"]) for row in rows] == [line["cost"] for line in lines]


async def test_a_cursor_is_good_for_its_order_alone(edge: EdgeUnderTest) -> None:
    cursor = (await answer(edge, sort="-cost", limit=3))["nextCursor"]
    for sort in set(ORDERS) - {"-cost"}:
        response = await edge.client.get(RECORDS, params={"sort": sort, "cursor": cursor})
        assert_problem(response, 400, "cursor", "cursor")


async def test_a_cursor_with_another_filter_goes_on_from_the_same_place(edge: EdgeUnderTest) -> None:
    first = await answer(edge, limit=5)
    rest = await answer(edge, recordType="sms", cursor=first["nextCursor"])
    last = first["records"][-1]["timestamp"]
    sms = await all_pages(edge, recordType="sms")
    assert rest["records"] == [line for line in sms if line["timestamp"] < last] != []
    assert rest["summary"]["count"] == len(sms)


async def test_a_cursor_that_nobody_gave_out_is_refused(edge: EdgeUnderTest) -> None:
    for cursor in ("zzz", "0", "-1", "=", "%", "' OR 1=1 --", "AAAA", "kwABAg", "x" * 2048):
        assert_problem(await edge.client.get(RECORDS, params={"cursor": cursor}), 400, "cursor", "cursor")


async def test_filters_split_the_whole(edge: EdgeUnderTest) -> None:
    whole = (await answer(edge))["summary"]
    for name, words in (
        ("recordType", ("call", "sms", "other")),
        ("status", ("estimated", "exact")),
        ("phoneNumber", (OURS, "")),
    ):
        pieces = [await answer(edge, **{name: word}) for word in words]
        for piece in pieces:
            assert piece["summary"]["count"] == len(piece["records"]) > 0
            assert piece["summary"]["totalCost"] == sum(line["cost"] for line in piece["records"])
        if all(words):
            assert sum(piece["summary"]["count"] for piece in pieces) == whole["count"]
            assert sum(piece["summary"]["totalCost"] for piece in pieces) == whole["totalCost"]
    assert (await answer(edge, phoneNumber="+12025550999"))["records"] == []


async def test_directions_are_those_of_calls_and_messages(edge: EdgeUnderTest) -> None:
    counts = []
    for direction in ("inbound", "outbound"):
        page = await answer(edge, direction=direction)
        types = {line["recordType"] for line in page["records"]}
        assert types == {f"call_{direction}", f"sms_{direction}"}
        assert page["summary"]["count"] == len(page["records"])
        counts.append(len(page["records"]))
    # One record is of neither.
    assert sum(counts) + 1 == (await answer(edge))["summary"]["count"]


async def test_groups_add_up(edge: EdgeUnderTest) -> None:
    filters: list[dict[str, str]] = [
        {},
        {"recordType": "call", "status": "exact"},
        {"direction": "inbound"},
        {"text": "script"},
    ]
    for wanted in filters:
        summary = (await answer(edge, **wanted))["summary"]
        for group_by in ("day", "number", "recordType", "part"):
            sums = await answer(edge, "/api/billing/summary", groupBy=group_by, **wanted)
            assert sums["totals"] == summary
            assert summary["totalCost"] == sum(group["totalCost"] for group in sums["groups"]) > 0
            keys = [group["key"] for group in sums["groups"]]
            assert len(set(keys)) == len(keys) > 0


async def test_what_others_wrote_is_found_and_inert(edge: EdgeUnderTest) -> None:
    for payload in PAYLOADS:
        [line] = await all_pages(edge, text=payload)
        assert line["contact"] == payload
        assert (await answer(edge, f"/api/billing/calls/{line['id']}"))["to"] == payload
        [row] = await export(edge, text=payload)
        assert row["contact"].replace("'", "") == payload.replace("'", "")
        assert not row["contact"].startswith("=")


async def test_no_character_is_a_wildcard(edge: EdgeUnderTest) -> None:
    for text in ("%", "_", "*", "\\", "<script>%", "5__", ".*"):
        assert len(await all_pages(edge, text=text)) == sum(text in payload for payload in PAYLOADS)


async def test_a_plus_in_the_text_need_not_be_encoded(edge: EdgeUnderTest) -> None:
    bare = await edge.client.get(f"{RECORDS}?text={CUSTOMER}")
    encoded = await answer(edge, text=CUSTOMER)
    assert bare.json()["summary"]["count"] == encoded["summary"]["count"] > 0


async def test_ranges_are_half_open(edge: EdgeUnderTest) -> None:
    whole = await all_pages(edge)
    moment = whole[3]["timestamp"]
    before = await all_pages(edge, to=moment)
    after = await all_pages(edge, **{"from": moment})
    assert [*after, *before] == whole
    assert all(line["timestamp"] < moment for line in before)
    day = whole[0]["timestamp"][:10]
    assert await all_pages(edge, **{"from": day, "to": day}) == [
        line for line in whole if line["timestamp"].startswith(day)
    ]
