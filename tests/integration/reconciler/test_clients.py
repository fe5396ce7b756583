"""The reconciler's clients over real gRPC: every field arrives, every error keeps its meaning."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from google.type import date_pb2, money_pb2

from services.common.errors import NotFound, QuotaExhausted, TelnyxRefused, TelnyxUnreachable
from services.common.money import Money
from services.common.wire import to_timestamp
from services.reconciler.items import OpenItem
from services.reconciler.reads import IdFilter, Read, ReadEnd, RecordPage
from services.reconciler.sweep import Sweep
from services.reconciler.usage import Usage, UsageDay
from services.reconciler.windows import Window
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import PATIENCE_S
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.wire import encode_record
from tests.integration.reconciler.servers import Backends, running_backends
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.telnyx.v1 import telnyx_gateway_pb2

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECORD = DetailRecord(
    record_type="messaging", record_id="m", observed_at=NOON, record_time=NOON, cost=Money("USD", 5_100_000)
)
SWEEP = Sweep(
    record_type="amd",
    window=Window(NOON - HOUR, NOON),
    read_at=NOON + HOUR,
    total_results=3,
    query_form="amd?invoked_at@k",
    account_key="k",
)


@pytest.fixture
async def backends() -> AsyncIterator[Backends]:
    async with running_backends() as running:
        yield running


def _item(record_id: str, **fields: object) -> book_pb2.UnsettledItem:
    times = {name: to_timestamp(NOON) for name in ("start_time", "end_time", "open_time", "change_time")}
    return book_pb2.UnsettledItem(record_id=record_id, **{**times, **fields})  # type: ignore[arg-type]


async def test_open_items_come_page_by_page(backends: Backends) -> None:
    first = _item(
        "leg",
        kind=book_pb2.RECORD_KIND_CALL,
        session_id="s",
        call_control_id="v3:c",
        leg_id="l",
        end_time=to_timestamp(NOON + HOUR),
        open_time=to_timestamp(NOON + 2 * HOUR),
        change_time=to_timestamp(NOON + 3 * HOUR),
        missing=["amd"],
        settled=True,
        unreadable=["why"],
        unclosed=["amd", "tts"],
    )
    backends.ledger.answers["ListUnsettled"] = [
        ledger_pb2.ListUnsettledResponse(items=[first], next_page_token="more", read_time=to_timestamp(NOON)),
        ledger_pb2.ListUnsettledResponse(
            items=[_item("message", kind=book_pb2.RECORD_KIND_SMS)], read_time=to_timestamp(NOON + HOUR)
        ),
    ]
    pages = [page async for page in backends.ledger_client.list_unsettled(NOON)]
    assert pages[0].items == (
        OpenItem(
            kind="call",
            record_id="leg",
            session_id="s",
            start_at=NOON,
            end_at=NOON + HOUR,
            opened_at=NOON + 2 * HOUR,
            changed_at=NOON + 3 * HOUR,
            missing=("amd",),
            settled=True,
            unreadable=("why",),
            unclosed=("amd", "tts"),
        ),
    )
    assert [item.kind for item in pages[1].items] == ["sms"]
    assert [page.read_at for page in pages] == [NOON, NOON + HOUR]
    assert [request.page_token for request in backends.ledger.requests] == ["", "more"]
    assert all(request.changed_since == to_timestamp(NOON) for request in backends.ledger.requests)


async def test_an_item_without_times_takes_the_nearest_known(backends: Backends) -> None:
    bare = book_pb2.UnsettledItem(record_id="leg", change_time=to_timestamp(NOON))
    backends.ledger.answers["ListUnsettled"] = [ledger_pb2.ListUnsettledResponse(items=[bare])]
    [item] = (await backends.ledger_client.unsettled(["leg"])).items
    assert {item.start_at, item.end_at, item.opened_at, item.changed_at} == {NOON}
    assert list(backends.ledger.requests[0].record_ids) == ["leg"]


async def test_many_records_go_in_several_calls(backends: Backends) -> None:
    answer = ledger_pb2.RecordDetailRecordsResponse(new_count=2, changed_count=1)
    backends.ledger.answers["RecordDetailRecords"] = [answer, answer]
    assert await backends.ledger_client.record_records([RECORD] * 1_200) == 6
    assert [len(request.records) for request in backends.ledger.requests] == [1_000, 200]
    assert backends.ledger.requests[0].records[0] == encode_record(RECORD)


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        (book_pb2.SWEEP_VERDICT_COMPLETE, "complete"),
        (book_pb2.SWEEP_VERDICT_DIFFERENT, "different"),
        (book_pb2.SWEEP_VERDICT_UNPROVEN, "unproven"),
    ],
)
async def test_a_sweep_comes_back_with_its_verdict(
    backends: Backends, told: book_pb2.SweepVerdict.ValueType, verdict: str
) -> None:
    sent = book_pb2.Sweep(
        record_type="amd",
        from_time=to_timestamp(NOON - HOUR),
        to_time=to_timestamp(NOON),
        read_time=to_timestamp(NOON + HOUR),
        total_results=3,
        query_form="amd?invoked_at@k",
        account_key="k",
    )
    weighed = book_pb2.Sweep(held_count=2, verdict=told)
    weighed.MergeFrom(sent)
    backends.ledger.answers["RecordSweep"] = [ledger_pb2.RecordSweepResponse(sweep=weighed)]
    recorded = await backends.ledger_client.record_sweep(SWEEP)
    assert (recorded.verdict, recorded.held_count, recorded.window) == (verdict, 2, SWEEP.window)
    assert backends.ledger.requests[0].sweep == sent


async def test_sweeps_are_listed_page_by_page(backends: Backends) -> None:
    known = book_pb2.Sweep(record_type="amd", from_time=to_timestamp(NOON), to_time=to_timestamp(NOON + HOUR))
    backends.ledger.answers["ListSweeps"] = [
        ledger_pb2.ListSweepsResponse(sweeps=[known], next_page_token="more"),
        ledger_pb2.ListSweepsResponse(sweeps=[known]),
    ]
    pages = [page async for page in backends.ledger_client.list_sweeps(NOON)]
    assert [sweep.window for page in pages for sweep in page] == [Window(NOON, NOON + HOUR)] * 2


async def test_windows_are_counted_on_both_sides(backends: Backends) -> None:
    backends.ledger.answers["CountHeldRecords"] = [ledger_pb2.CountHeldRecordsResponse(counts=[3, 0])]
    edges = (NOON - HOUR, NOON, NOON + HOUR)
    assert await backends.ledger_client.held_counts("amd", edges) == [3, 0]
    [held] = backends.ledger.requests
    assert (held.record_type, list(held.edges)) == ("amd", list(map(to_timestamp, edges)))
    backends.telnyx.counted = telnyx_gateway_pb2.CountDetailRecordsResponse(
        total_results=4, read_time=to_timestamp(NOON), query_form="form", account_key="k", request_count=1
    )
    window = Window(NOON - HOUR, NOON)
    end = await backends.telnyx_client.count_records("amd", window, "background")
    assert end == ReadEnd(total_results=4, read_at=NOON, query_form="form", account_key="k", request_count=1)
    [counted] = backends.telnyx.requests
    assert (counted.from_time, counted.to_time) == (to_timestamp(NOON - HOUR), to_timestamp(NOON))
    assert counted.priority == telnyx_gateway_pb2.PRIORITY_BACKGROUND


async def test_a_counted_sweep_is_told_as_such(backends: Backends) -> None:
    weighed = book_pb2.Sweep(record_type="amd", counted=True, verdict=book_pb2.SWEEP_VERDICT_COMPLETE)
    backends.ledger.answers["RecordSweep"] = [ledger_pb2.RecordSweepResponse(sweep=weighed)]
    recorded = await backends.ledger_client.record_sweep(replace(SWEEP, is_counted=True))
    assert recorded.is_counted
    assert backends.ledger.requests[0].sweep.counted


async def test_usage_is_passed_on_exactly(backends: Backends) -> None:
    day = date_pb2.Date(year=2026, month=11, day=22)
    cost = money_pb2.Money(currency_code="USD", nanos=15_000_000)
    backends.telnyx.usage = telnyx_gateway_pb2.ListUsageResponse(
        days=[
            telnyx_gateway_pb2.UsageDay(day=day, cost=cost, decimals=3),
            telnyx_gateway_pb2.UsageDay(day=day),
        ],
        read_time=to_timestamp(NOON),
        account_key="k",
    )
    usage = await backends.telnyx_client.list_usage("amd", date(2026, 11, 22), date(2026, 11, 23))
    assert usage == Usage("amd", (UsageDay(date(2026, 11, 22), Money("USD", 15_000_000), 3),), NOON, "k")
    assert backends.telnyx.patience_s > PATIENCE_S[Priority.BACKGROUND]
    backends.ledger.answers["RecordUsage"] = [ledger_pb2.RecordUsageResponse()]
    await backends.ledger_client.record_usage(usage)
    [request] = backends.ledger.requests
    assert (request.record_type, request.days[0].cost, request.account_key) == ("amd", cost, "k")
    assert request.days[0].decimals == 3
    assert backends.telnyx.requests[0].to_day.day == 23


async def test_a_call_and_its_cost(backends: Backends) -> None:
    leg = book_pb2.CallLeg(
        telnyx_call_id="v3:c",
        session_id="s",
        start_time=to_timestamp(NOON),
        costs=[money_pb2.Money(currency_code="USD", nanos=21_000_000)],
        status=book_pb2.CHARGE_STATUS_EXACT,
        missing=["recording"],
    )
    backends.ledger.answers["GetCall"] = [ledger_pb2.GetCallResponse(call=leg), NotFound("no such call")]
    state = await backends.ledger_client.call("v3:c")
    assert (state.call_id, state.is_exact, state.cost) == ("v3:c", True, Money("USD", 21_000_000))
    assert (state.start_at, state.end_at, state.missing) == (NOON, None, ("recording",))
    with pytest.raises(NotFound):
        await backends.ledger_client.call("v3:other")


async def test_the_cost_of_a_message_is_looked_for_around_its_time(backends: Backends) -> None:
    other = book_pb2.Charge(record_id="other", cost=money_pb2.Money(currency_code="USD", nanos=1))
    mine = book_pb2.Charge(record_id="m", cost=money_pb2.Money(currency_code="USD", nanos=5_100_000))
    backends.ledger.answers["ListCharges"] = [
        ledger_pb2.ListChargesResponse(charges=[other], next_page_token="more"),
        ledger_pb2.ListChargesResponse(charges=[mine]),
        ledger_pb2.ListChargesResponse(charges=[other]),
    ]
    assert await backends.ledger_client.message_cost("m", NOON) == Money("USD", 5_100_000)
    assert await backends.ledger_client.message_cost("m", NOON) is None
    wanted = backends.ledger.requests[0].filter
    assert wanted.kind == book_pb2.RECORD_KIND_SMS
    assert wanted.from_time.ToDatetime(UTC) < NOON < wanted.to_time.ToDatetime(UTC)


async def test_a_reading_is_its_pages_and_its_end(backends: Backends) -> None:
    page = telnyx_gateway_pb2.DetailRecordPage(records=[encode_record(RECORD)], page_number=1, total_pages=1)
    complete = telnyx_gateway_pb2.DetailRecordsComplete(
        total_results=1, read_time=to_timestamp(NOON), query_form="form", account_key="k", request_count=2
    )
    backends.telnyx.parts = [
        telnyx_gateway_pb2.ListDetailRecordsResponse(page=page),
        telnyx_gateway_pb2.ListDetailRecordsResponse(complete=complete),
    ]
    read = Read(record_type="messaging", priority="background", window=Window(NOON - HOUR, NOON))
    parts = [part async for part in backends.telnyx_client.list_records(read, 5.0)]
    assert parts == [
        RecordPage((RECORD,)),
        ReadEnd(total_results=1, read_at=NOON, query_form="form", account_key="k", request_count=2),
    ]
    [request] = backends.telnyx.requests
    assert request.WhichOneof("id_filter") is None
    assert request.priority == telnyx_gateway_pb2.PRIORITY_BACKGROUND
    assert (request.from_time, request.to_time) == (to_timestamp(NOON - HOUR), to_timestamp(NOON))


@pytest.mark.parametrize("kind", ["session", "call_control", "leg", "record"])
async def test_a_reading_by_id_names_the_kind_of_id(backends: Backends, kind: str) -> None:
    read = Read(record_type="call-control", priority="person", id_filter=IdFilter(kind, "x"))  # type: ignore[arg-type]
    assert [part async for part in backends.telnyx_client.list_records(read, 5.0)] == []
    [request] = backends.telnyx.requests
    assert request.WhichOneof("id_filter") == f"{kind}_id"
    assert getattr(request, f"{kind}_id") == "x"
    assert not request.HasField("from_time")


@pytest.mark.parametrize(
    "fault",
    [
        TelnyxUnreachable("no answer"),
        TelnyxRefused("refused the form of the request", field="request"),
        QuotaExhausted("used up", retry_after_s=12.5),
    ],
)
async def test_a_fault_after_the_first_page_keeps_its_meaning(
    backends: Backends, fault: TelnyxUnreachable
) -> None:
    page = telnyx_gateway_pb2.DetailRecordPage(records=[encode_record(RECORD)])
    backends.telnyx.parts = [telnyx_gateway_pb2.ListDetailRecordsResponse(page=page)]
    backends.telnyx.fault = fault
    read = Read(record_type="messaging", priority="job", window=Window(NOON - HOUR, NOON))
    answer = backends.telnyx_client.list_records(read, 5.0)
    assert await anext(answer) == RecordPage((RECORD,))
    with pytest.raises(type(fault)) as caught:
        await anext(answer)
    assert (caught.value.field, caught.value.retry_after_s) == (fault.field, fault.retry_after_s)
