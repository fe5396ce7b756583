"""The ledger as its callers see it: real gRPC on loopback, a SQLite book, and what it refuses."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from services.common.addresses import Address
from services.common.channel import open_channel
from services.common.errors import InvalidInput, NotFound, TollbookError
from services.common.rpc_errors import from_rpc_error
from services.common.server import open_server
from services.common.wire import from_money, to_money, to_timestamp
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.telnyx_vocabulary.wire import encode_event, encode_record
from tests.support.ledger_facts import at, leg, usd
from tollbook.ledger.v1 import book_pb2, ledger_pb2, ledger_pb2_grpc
from tollbook.telnyx.v1.detail_record_pb2 import DetailRecord
from tollbook.telnyx.v1.telnyx_gateway_pb2 import UsageDay
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent

LEG = leg()
NEVER = Timestamp(seconds=2**60)


@asynccontextmanager
async def running_ledger(folder: Path) -> AsyncIterator[ledger_pb2_grpc.LedgerServiceStub]:
    """The service as its process puts it together, on a free port."""
    settings = LedgerSettings(
        ledger_listen=Address("127.0.0.1", 0), ledger_database_url=f"sqlite:///{folder / 'ledger.db'}"
    )
    async with AsyncExitStack() as stack:
        endpoint = await prepare(settings, stack)
        bound = await stack.enter_async_context(open_server(endpoint))
        channel = await stack.enter_async_context(open_channel(str(bound)))
        yield ledger_pb2_grpc.LedgerServiceStub(channel)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[ledger_pb2_grpc.LedgerServiceStub]:
    async with running_ledger(tmp_path) as stub:
        yield stub


async def record_hangup(ledger: ledger_pb2_grpc.LedgerServiceStub) -> int:
    events = [encode_event(event) for event in (LEG.event("call.answered"), LEG.hangup())]
    return (await ledger.RecordEvents(ledger_pb2.RecordEventsRequest(events=events))).new_count


async def record_base(ledger: ledger_pb2_grpc.LedgerServiceStub) -> ledger_pb2.RecordDetailRecordsResponse:
    records = [LEG.record("sip-trunking", "0.005"), LEG.record("call-control", "0.002")]
    request = ledger_pb2.RecordDetailRecordsRequest(records=map(encode_record, records))
    return await ledger.RecordDetailRecords(request)


async def refusal(call: Callable[[], Any]) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call()
    return from_rpc_error(raised.value)


async def test_from_hang_up_to_exact(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    assert await record_hangup(ledger) == 2
    assert await record_hangup(ledger) == 0
    [item] = (await ledger.ListUnsettled(ledger_pb2.ListUnsettledRequest())).items
    assert (item.record_id, list(item.missing)) == (LEG.call_control_id, ["call-control", "sip-trunking"])
    assert (await record_base(ledger)).new_count == 2
    call = (await ledger.GetCall(ledger_pb2.GetCallRequest(id=LEG.leg_id))).call
    assert call.status == book_pb2.CHARGE_STATUS_EXACT
    assert [from_money(cost) for cost in call.costs] == [usd("0.007")]
    assert (from_money(call.estimate_rate), call.estimate_source) == (usd("0.015"), "fallback")
    assert [from_money(entry.amount) for entry in call.history] == [usd("0.015"), usd("-0.015"), usd("0.007")]
    assert not (await ledger.ListUnsettled(ledger_pb2.ListUnsettledRequest())).items


async def test_sessions_charges_and_sums(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    await record_hangup(ledger)
    await record_base(ledger)
    session = (await ledger.GetSession(ledger_pb2.GetSessionRequest(session_id=LEG.session_id))).session
    assert [call.telnyx_call_id for call in session.calls] == [LEG.call_control_id]
    [charge] = (await ledger.ListCharges(ledger_pb2.ListChargesRequest())).charges
    assert (charge.record_id, charge.source) == (LEG.call_control_id, "detail_records_api")
    by_part = ledger_pb2.SummarizeRequest(group_by=ledger_pb2.GROUP_BY_PART)
    summary = await ledger.Summarize(by_part)
    assert [(total.count, from_money(total.total_cost)) for total in summary.totals] == [(1, usd("0.007"))]
    assert [group.key for group in summary.groups] == ["call-control", "sip-trunking"]


async def test_what_a_call_misses_and_the_facts_behind_it(
    ledger: ledger_pb2_grpc.LedgerServiceStub,
) -> None:
    await record_hangup(ledger)
    body = b'{"id": "caf\xe9"}'
    trunk = replace(LEG.record("sip-trunking", "0.005", record_id="trunk"), raw=body)
    await ledger.RecordDetailRecords(ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(trunk)]))
    await ledger.RecordSweep(
        sweep_of(record_type="call-control", from_time=to_timestamp(at(-60)), to_time=to_timestamp(at(90)))
    )
    call = (await ledger.GetCall(ledger_pb2.GetCallRequest(id="trunk"))).call
    [missing] = call.missing_parts
    assert call.announced
    assert (missing.record_type, missing.last_sweep.verdict) == (
        "call-control",
        book_pb2.SWEEP_VERDICT_UNPROVEN,
    )
    assert "every answered call is billed for call-control" in missing.reason
    facts = await ledger.ListCallFacts(ledger_pb2.ListCallFactsRequest(id="trunk"))
    assert [event.event_type for event in facts.events] == ["call.answered", "call.hangup"]
    [record] = facts.records
    assert (record.raw_json, record.counts, from_money(record.cost)) == (
        '{"id": "caf\ufffd"}',
        True,
        usd("0.005"),
    )
    assert (
        {event.telnyx_call_id for event in facts.events} == {record.telnyx_call_id} == {LEG.call_control_id}
    )
    assert not facts.truncated


async def test_one_charge_with_all_that_belongs_to_it(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    await record_hangup(ledger)
    await record_base(ledger)
    request = ledger_pb2.GetChargeRequest(kind=book_pb2.RECORD_KIND_CALL, record_id=LEG.call_control_id)
    told = await ledger.GetCharge(request)
    [charge] = told.charges
    assert from_money(charge.cost) == usd("0.007")
    assert [(part.record_type, from_money(part.cost)) for part in told.parts] == [
        ("call-control", usd("0.002")),
        ("sip-trunking", usd("0.005")),
    ]
    assert [from_money(entry.amount) for entry in told.history] == [usd("0.015"), usd("-0.015"), usd("0.007")]
    assert (len(told.events), len(told.records)) == (2, 2)


async def test_a_sweep_and_its_verdict(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    await record_base(ledger)
    sent = book_pb2.Sweep(
        record_type="sip-trunking",
        query_form="sip-trunking?started_at@account",
        account_key="account",
        from_time=to_timestamp(at(-7200)),
        to_time=to_timestamp(at(7200)),
        read_time=to_timestamp(at(100_000)),
        total_results=1,
    )
    sweep = (await ledger.RecordSweep(ledger_pb2.RecordSweepRequest(sweep=sent))).sweep
    assert (sweep.held_count, sweep.verdict) == (1, book_pb2.SWEEP_VERDICT_COMPLETE)
    [listed] = (await ledger.ListSweeps(ledger_pb2.ListSweepsRequest(record_type="sip-trunking"))).sweeps
    assert listed == sweep


async def test_an_empty_window_proves_something_once_usage_shows_zero(
    ledger: ledger_pb2_grpc.LedgerServiceStub,
) -> None:
    await record_hangup(ledger)
    await ledger.RecordDetailRecords(
        ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(LEG.record("sip-trunking", "0.005"))])
    )
    for name, count in (("sip-trunking", 1), ("call-control", 0)):
        sent = book_pb2.Sweep(
            record_type=name,
            query_form=name,
            account_key="account",
            from_time=to_timestamp(at(-7200)),
            to_time=to_timestamp(at(7200)),
            read_time=to_timestamp(at(100_000)),
            total_results=count,
        )
        sweep = (await ledger.RecordSweep(ledger_pb2.RecordSweepRequest(sweep=sent))).sweep
    assert sweep.verdict == book_pb2.SWEEP_VERDICT_UNPROVEN
    shown = ledger_pb2.RecordUsageRequest(
        record_type="call-control",
        days=[UsageDay(day=Date(year=2026, month=11, day=20), cost=to_money(usd("0")))],
        read_time=to_timestamp(at(100_000)),
        account_key="account",
    )
    await ledger.RecordUsage(shown)
    call = (await ledger.GetCall(ledger_pb2.GetCallRequest(id=LEG.leg_id))).call
    assert (call.status, [from_money(cost) for cost in call.costs]) == (
        book_pb2.CHARGE_STATUS_EXACT,
        [usd("0.005")],
    )


async def test_the_end_of_all_time_is_a_range_too(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    await record_hangup(ledger)
    last = Timestamp(seconds=253_402_300_799)
    ever = ledger_pb2.SummarizeRequest(
        filter=ledger_pb2.ChargeFilter(from_time=Timestamp(seconds=-10_000_000_000), to_time=last)
    )
    assert [total.count for total in (await ledger.Summarize(ever)).totals] == [1]
    never = ledger_pb2.SummarizeRequest(filter=ledger_pb2.ChargeFilter(from_time=last))
    assert not (await ledger.Summarize(never)).totals


async def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    async with running_ledger(tmp_path) as ledger:
        await record_hangup(ledger)
    async with running_ledger(tmp_path) as ledger:
        assert await record_hangup(ledger) == 0
        [charge] = (await ledger.ListCharges(ledger_pb2.ListChargesRequest())).charges
        assert from_money(charge.cost) == usd("0.015")


@pytest.mark.parametrize(
    ("method", "request_message", "field"),
    [
        (
            "RecordEvents",
            ledger_pb2.RecordEventsRequest(events=[encode_event(LEG.hangup())] * 1001),
            "events",
        ),
        ("RecordSweep", ledger_pb2.RecordSweepRequest(), "sweep"),
        ("ListCharges", ledger_pb2.ListChargesRequest(page_token="!"), "cursor"),
        ("ListCharges", ledger_pb2.ListChargesRequest(page_size=1001), "limit"),
        ("ListUnsettled", ledger_pb2.ListUnsettledRequest(page_token="!"), "page_token"),
        (
            "Summarize",
            ledger_pb2.SummarizeRequest(
                filter=ledger_pb2.ChargeFilter(from_time=to_timestamp(at(1)), to_time=to_timestamp(at(0)))
            ),
            "to",
        ),
        ("GetCall", ledger_pb2.GetCallRequest(), "callControlId"),
        ("GetSession", ledger_pb2.GetSessionRequest(session_id="s" * 513), "callSessionId"),
        ("ListCallFacts", ledger_pb2.ListCallFactsRequest(), "callControlId"),
        ("GetCharge", ledger_pb2.GetChargeRequest(record_id="x"), "kind"),
        ("GetCharge", ledger_pb2.GetChargeRequest(kind=book_pb2.RECORD_KIND_SMS), "id"),
        (
            "RecordUsage",
            ledger_pb2.RecordUsageRequest(
                record_type="amd",
                days=[UsageDay(day=Date(year=2026, month=2, day=30), cost=to_money(usd("0")))],
            ),
            "days",
        ),
    ],
)
async def test_what_cannot_be_done_is_refused_by_field(
    ledger: ledger_pb2_grpc.LedgerServiceStub, method: str, request_message: Any, field: str
) -> None:
    error = await refusal(lambda: getattr(ledger, method)(request_message))
    assert isinstance(error, InvalidInput)
    assert error.field == field


def sweep_of(record_type: str = "amd", **fields: Timestamp | None) -> ledger_pb2.RecordSweepRequest:
    """An empty sweep of one second, but for the given times."""
    times = {
        "from_time": to_timestamp(at(0)),
        "to_time": to_timestamp(at(1)),
        "read_time": to_timestamp(at(2)),
    }
    sweep = book_pb2.Sweep(record_type=record_type, query_form=f"{record_type}?")
    for name, stamp in (times | fields).items():
        getattr(sweep, name).CopyFrom(stamp)
    return ledger_pb2.RecordSweepRequest(sweep=sweep)


NAMELESS = replace(LEG.hangup(), event_id="")
ANCIENT = replace(LEG.record("amd"), record_time=datetime(1, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("method", "request_message", "field"),
    [
        pytest.param(*case, id=name)
        for name, case in {
            "an event without an id": (
                "RecordEvents",
                ledger_pb2.RecordEventsRequest(events=[encode_event(NAMELESS)]),
                "events",
            ),
            "an event beyond the calendar": (
                "RecordEvents",
                ledger_pb2.RecordEventsRequest(events=[WebhookEvent(event_id="x", occurred_time=NEVER)]),
                "events",
            ),
            "a record without an id": (
                "RecordDetailRecords",
                ledger_pb2.RecordDetailRecordsRequest(records=[DetailRecord(record_type="amd")]),
                "records",
            ),
            "a record of the year 1": (
                "RecordDetailRecords",
                ledger_pb2.RecordDetailRecordsRequest(records=[encode_record(ANCIENT)]),
                "records",
            ),
            "a sweep of the year 1": (
                "RecordSweep",
                sweep_of(from_time=to_timestamp(ANCIENT.record_time)),
                "sweep",
            ),
            "a sweep read never": ("RecordSweep", sweep_of(read_time=NEVER), "sweep"),
            "a sweep that ends first": ("RecordSweep", sweep_of(to_time=to_timestamp(at(0))), "sweep"),
            "usage of no type": ("RecordUsage", ledger_pb2.RecordUsageRequest(), "record_type"),
            "usage read never": (
                "RecordUsage",
                ledger_pb2.RecordUsageRequest(record_type="amd", read_time=NEVER),
                "read_time",
            ),
            "changes since never": (
                "ListUnsettled",
                ledger_pb2.ListUnsettledRequest(changed_since=NEVER),
                "changed_since",
            ),
            "too many ids": (
                "ListUnsettled",
                ledger_pb2.ListUnsettledRequest(record_ids=["x"] * 1001),
                "record_ids",
            ),
            "sweeps since never": (
                "ListSweeps",
                ledger_pb2.ListSweepsRequest(read_since=NEVER),
                "read_since",
            ),
            "a page of less than nothing": (
                "ListSweeps",
                ledger_pb2.ListSweepsRequest(page_size=-1),
                "limit",
            ),
            "a range from never": (
                "ListCharges",
                ledger_pb2.ListChargesRequest(filter=ledger_pb2.ChargeFilter(from_time=NEVER)),
                "from",
            ),
        }.items()
    ],
)
async def test_what_no_book_can_take_is_refused_by_field(
    ledger: ledger_pb2_grpc.LedgerServiceStub, method: str, request_message: Any, field: str
) -> None:
    error = await refusal(lambda: getattr(ledger, method)(request_message))
    assert isinstance(error, InvalidInput)
    assert error.field == field


async def test_unknown_ids_are_not_found(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    error = await refusal(lambda: ledger.GetCall(ledger_pb2.GetCallRequest(id="v3:nobody")))
    assert isinstance(error, NotFound)
    error = await refusal(lambda: ledger.GetSession(ledger_pb2.GetSessionRequest(session_id="nobody")))
    assert isinstance(error, NotFound)
    error = await refusal(lambda: ledger.ListCallFacts(ledger_pb2.ListCallFactsRequest(id="nobody")))
    assert isinstance(error, NotFound)
    unknown = ledger_pb2.GetChargeRequest(kind=book_pb2.RECORD_KIND_OTHER, record_id="fax:nobody")
    assert isinstance(await refusal(lambda: ledger.GetCharge(unknown)), NotFound)


async def test_one_odd_event_does_not_stop_the_others(ledger: ledger_pb2_grpc.LedgerServiceStub) -> None:
    odd = replace(LEG.event("call.moonwalk"), session_id="", call_control_id="", leg_id="")
    batch = [encode_event(odd), encode_event(LEG.hangup())]
    assert (await ledger.RecordEvents(ledger_pb2.RecordEventsRequest(events=batch))).new_count == 2
    assert len((await ledger.ListCharges(ledger_pb2.ListChargesRequest())).charges) == 1
