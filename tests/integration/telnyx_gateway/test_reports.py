"""Batch reports over real gRPC and real HTTP, against the sandbox Telnyx."""

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from msgspec.structs import replace

from services.common.errors import InvalidInput, NotFound, TelnyxUnreachable, TollbookError
from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_money, to_timestamp
from services.telnyx_gateway.account import account_key
from tests.integration.telnyx_gateway.running import PLENTY, Gateway, gateway_of
from tests.sandbox.settings import Faults, Settings
from tollbook.telnyx.v1 import reports_pb2 as pb
from tollbook.telnyx.v1.detail_record_pb2 import DetailRecord

AT_ONCE = Faults(report_delay_s=0)
TYPES = {
    pb.REPORT_SOURCE_CALLS: "sip-trunking",
    pb.REPORT_SOURCE_CALL_CONTROL: "call-control",
    pb.REPORT_SOURCE_WEBRTC: "webrtc",
    pb.REPORT_SOURCE_MESSAGING: "messaging",
}


def with_faults(**faults: object) -> Settings:
    return replace(PLENTY, faults=Faults(report_delay_s=0, **faults))  # type: ignore[arg-type]


async def failure(call: Awaitable[object]) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return from_rpc_error(failed.value)


async def order(gateway: Gateway, source: pb.ReportSource.ValueType) -> str:
    now = datetime.now(UTC)
    created = await gateway.reports.CreateReport(
        pb.CreateReportRequest(
            source=source,
            from_time=to_timestamp(now - timedelta(days=2)),
            to_time=to_timestamp(now + timedelta(hours=1)),
        )
    )
    return created.report_id


async def read(
    gateway: Gateway, source: pb.ReportSource.ValueType, report_id: str
) -> tuple[list[DetailRecord], pb.ReportComplete]:
    items = [
        item
        async for item in gateway.reports.ReadReport(pb.ReadReportRequest(source=source, report_id=report_id))
    ]
    assert items[-1].HasField("complete")
    records = [record for item in items[:-1] for record in item.rows.records]
    assert all(len(item.rows.records) <= 500 for item in items)
    return records, items[-1].complete


@pytest.mark.parametrize("source", TYPES)
async def test_a_report_says_what_the_detail_records_say(source: pb.ReportSource.ValueType) -> None:
    async with gateway_of(with_faults()) as (sandbox, gateway):
        sandbox.core.create("mixed", 400, deliver=False, visible_at_once=True)
        sandbox.core.account.faults = replace(AT_ONCE, retention_days=1)
        report_id = await order(gateway, source)
        status = await gateway.reports.GetReport(pb.GetReportRequest(source=source, report_id=report_id))
        records, complete = await read(gateway, source, report_id)
        true = {
            record.record_id: (int(record.charge.scaleb(9)), record.session_id or "")
            for record in sandbox.core.account.records.final()
            if record.type.name == TYPES[source]
        }
    assert status.status == pb.REPORT_STATUS_COMPLETE
    assert {
        record.record_id: (from_money(record.cost).nanos * record.is_billable, record.session_id)
        for record in records
    } == true
    assert len(records) == complete.row_count > 5
    assert complete.has_record_ids
    assert (complete.broken_count, list(complete.missing_columns)) == (0, [])
    assert complete.account_key == account_key(PLENTY.account_key)
    assert not any(record.unreadable for record in records)


async def test_the_portals_form_has_no_ids_and_names_rows_by_their_content() -> None:
    source = pb.REPORT_SOURCE_CALLS
    async with gateway_of(with_faults(report_form="portal")) as (sandbox, gateway):
        sandbox.core.create("pstn-outbound", 40, deliver=False, visible_at_once=True)
        report_id = await order(gateway, source)
        records, complete = await read(gateway, source, report_id)
        again, _ = await read(gateway, source, report_id)
    assert not complete.has_record_ids
    assert not complete.missing_columns
    assert complete.broken_count == 0
    assert {record.record_id[:4] for record in records} == {"row:"}
    assert len({record.record_id for record in records}) == len(records) == complete.row_count >= 40
    assert [record.record_id for record in again] == [record.record_id for record in records]
    for record in records:
        assert not record.unreadable
        assert record.HasField("record_time")
        assert record.HasField("billed_seconds")
        assert record.from_number
        assert record.direction == "outbound"
        assert not record.session_id


async def test_broken_rows_are_kept_and_counted_beside_the_whole_ones() -> None:
    source = pb.REPORT_SOURCE_CALL_CONTROL
    async with gateway_of(with_faults(report_broken_rows=6)) as (sandbox, gateway):
        sandbox.core.create("pstn-outbound", 40, deliver=False, visible_at_once=True)
        records, complete = await read(gateway, source, await order(gateway, source))
        true = {
            record.record_id
            for record in sandbox.core.account.records.final()
            if record.type.name == "call-control"
        }
    broken = [record for record in records if record.record_id not in true]
    assert {record.record_id for record in records if not record.unreadable} == true
    assert len(broken) == complete.broken_count == 6
    assert all(record.unreadable and record.raw for record in broken)
    assert len({record.record_id for record in broken}) == 6


@pytest.mark.parametrize("field", ["started_at", "cost", "billed_sec"])
async def test_a_report_without_a_needed_column_gives_no_row_and_its_name(field: str) -> None:
    source = pb.REPORT_SOURCE_CALLS
    async with gateway_of(with_faults(report_missing_columns=(field,))) as (sandbox, gateway):
        sandbox.core.create("pstn-outbound", 3, deliver=False, visible_at_once=True)
        records, complete = await read(gateway, source, await order(gateway, source))
    assert records == []
    assert list(complete.missing_columns) == [field]
    assert complete.row_count == 0


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        (Faults(report_delay_s=3_600), pb.REPORT_STATUS_PENDING),
        (Faults(report_delay_s=0, report_outcome="fail"), pb.REPORT_STATUS_FAILED),
        (Faults(report_delay_s=0, report_outcome="expire"), pb.REPORT_STATUS_EXPIRED),
    ],
)
@pytest.mark.parametrize("source", [pb.REPORT_SOURCE_CALLS, pb.REPORT_SOURCE_MESSAGING])
async def test_a_report_that_is_not_complete_is_not_read(
    faults: Faults, status: pb.ReportStatus.ValueType, source: pb.ReportSource.ValueType
) -> None:
    async with gateway_of(replace(PLENTY, faults=faults)) as (_, gateway):
        report_id = await order(gateway, source)
        asked = pb.GetReportRequest(source=source, report_id=report_id)
        assert (await gateway.reports.GetReport(asked)).status == status
        assert isinstance(await failure(read(gateway, source, report_id)), NotFound)


async def test_bad_questions_about_reports() -> None:
    async with gateway_of() as (_, gateway):
        now = to_timestamp(datetime.now(UTC))
        source = pb.REPORT_SOURCE_CALLS
        for wrong in (
            gateway.reports.CreateReport(pb.CreateReportRequest(from_time=now, to_time=now)),
            gateway.reports.CreateReport(pb.CreateReportRequest(source=source)),
            gateway.reports.CreateReport(pb.CreateReportRequest(source=source, from_time=now, to_time=now)),
            gateway.reports.GetReport(pb.GetReportRequest(source=source)),
        ):
            assert isinstance(await failure(wrong), InvalidInput)
        unknown = gateway.reports.GetReport(pb.GetReportRequest(source=source, report_id="unheard-of"))
        assert isinstance(await failure(unknown), NotFound)


async def test_an_order_is_not_repeated_where_telnyx_may_have_taken_it() -> None:
    faults = Faults(api_fault_rate=1, api_fault_kinds=("500",))
    async with gateway_of(replace(PLENTY, faults=faults)) as (sandbox, gateway):
        assert isinstance(await failure(order(gateway, pb.REPORT_SOURCE_CALLS)), TelnyxUnreachable)
        assert sandbox.core.api.requests["reports"] == 1
        asked = pb.GetReportRequest(source=pb.REPORT_SOURCE_CALLS, report_id="any")
        assert isinstance(await failure(gateway.reports.GetReport(asked)), TelnyxUnreachable)
        assert sandbox.core.api.requests["reports"] == 5
