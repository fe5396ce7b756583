"""What telnyx-gateway tells of the account, over real gRPC and real HTTP, against the sandbox Telnyx."""

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import grpc
import pytest
from google.type.money_pb2 import Money
from msgspec.structs import replace

from services.common.errors import InvalidInput, NotFound, TelnyxRefused, TelnyxUnreachable, TollbookError
from services.common.rpc_errors import from_rpc_error
from services.common.wire import from_money, from_timestamp, to_date, to_timestamp
from services.telnyx_vocabulary.record_types import RECORD_TYPES
from tests.integration.telnyx_gateway.running import PLENTY, Gateway, gateway_of, running_gateway
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults
from tests.support.webhook_receiver import WebhookReceiver
from tollbook.telnyx.v1 import account_pb2 as pb
from tollbook.telnyx.v1 import telnyx_gateway_pb2
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent


async def failure(call: Awaitable[object]) -> TollbookError:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return from_rpc_error(failed.value)


def dollars(message: Money) -> Decimal:
    return Decimal(from_money(message).nanos).scaleb(-9)


def charges_of(first: date, days: int) -> pb.GetAccountChargesRequest:
    return pb.GetAccountChargesRequest(from_day=to_date(first), to_day=to_date(first + timedelta(days=days)))


async def test_every_product_that_costs_something_is_named() -> None:
    async with gateway_of() as (_, gateway):
        answer = await gateway.account.ListUsageProducts(pb.ListUsageProductsRequest())
    known = {entry.product for entry in RECORD_TYPES if entry.has_money}
    assert known < set(answer.products)
    assert "number-lookup" in answer.products


async def test_usage_of_a_product_that_no_record_type_stands_for() -> None:
    async with gateway_of(replace(PLENTY, usage_zero_days="omitted")) as (sandbox, gateway):
        sandbox.core.create("number-lookup", 3, deliver=False, visible_at_once=True)
        today = sandbox.core.account.clock().date()
        usage = await gateway.telnyx.ListUsage(
            telnyx_gateway_pb2.ListUsageRequest(
                record_type="usage:number-lookup",
                from_day=to_date(today - timedelta(days=1)),
                to_day=to_date(today + timedelta(days=1)),
            )
        )
        assert sum(dollars(day.cost) for day in usage.days) == Decimal("0.0090")
        assert [day.decimals for day in usage.days] == [4]


async def test_days_that_were_added_up_in_binary_floats_are_told_as_they_were_meant() -> None:
    async with gateway_of(replace(PLENTY, faults=Faults(usage_float_noise=True))) as (sandbox, gateway):
        sandbox.core.create("number-lookup", 3, deliver=False, visible_at_once=True)
        today = sandbox.core.account.clock().date()
        usage = await gateway.telnyx.ListUsage(
            telnyx_gateway_pb2.ListUsageRequest(
                record_type="usage:number-lookup",
                from_day=to_date(today - timedelta(days=1)),
                to_day=to_date(today + timedelta(days=1)),
            )
        )
    assert sum(dollars(day.cost) for day in usage.days) == Decimal("0.0090")


async def test_the_charges_of_a_period_and_what_they_leave_of_the_balance() -> None:
    async with gateway_of() as (sandbox, gateway):
        account = sandbox.core.account
        for kind, amount in (
            ("existing_mrc", "6.00"),
            ("new_otc", "1.00"),
            ("credits", "-2.50"),
            ("ledger_adjustments", "0.25"),
            ("other", "0.42"),
            ("top_up", "20.00"),
        ):
            account.finances.book(kind, Decimal(amount), account.clock())  # type: ignore[arg-type]
        today = account.clock().date()
        charges = await gateway.account.GetAccountCharges(charges_of(today, 1))
        before = await gateway.account.GetAccountCharges(charges_of(today - timedelta(days=31), 31))
        balance = await gateway.telnyx.GetBalance(telnyx_gateway_pb2.GetBalanceRequest())
        error = await failure(gateway.account.GetAccountCharges(charges_of(today, 32)))
    assert dollars(charges.existing_monthly) == Decimal("6.00")
    assert dollars(charges.new_monthly) == 0
    assert dollars(charges.new_one_time) == Decimal("1.00")
    assert dollars(charges.credits) == Decimal("-2.50")
    assert dollars(charges.ledger_adjustments) == Decimal("0.25")
    assert dollars(charges.other) == Decimal("0.42")
    assert dollars(charges.grand_total) == Decimal("5.17")
    assert dollars(before.grand_total) == 0
    assert dollars(balance.balance) == Decimal("100.00") + Decimal("20.00") - Decimal("5.17")
    assert isinstance(error, InvalidInput)


async def test_applications_and_what_they_say_of_costs() -> None:
    async with gateway_of(replace(PLENTY, call_cost_in_webhooks=True)) as (_, gateway):
        answer = await gateway.account.ListApplications(pb.ListApplicationsRequest())
    assert [(each.name, each.call_cost_in_webhooks, each.is_active) for each in answer.applications] == [
        ("Support line", True, True),
        ("Old dialer", False, False),
    ]


async def test_a_probe_tells_of_the_key_and_of_the_clocks() -> None:
    async with gateway_of(replace(PLENTY, faults=Faults(date_skew_s=300))) as (sandbox, gateway):
        probe = await gateway.account.ProbeAccount(pb.ProbeAccountRequest())
        assert probe.key_works
        assert 298 < probe.clock_skew.ToTimedelta().total_seconds() < 302
        async with running_gateway(sandbox.base_url, "KEYunknown") as wrong:
            refused = await wrong.account.ProbeAccount(pb.ProbeAccountRequest())
        async with running_gateway(sandbox.base_url, None) as keyless:
            without = await keyless.account.ProbeAccount(pb.ProbeAccountRequest())
        sandbox.core.api.is_out = True
        error = await failure(gateway.account.ProbeAccount(pb.ProbeAccountRequest()))
    assert not refused.key_works
    assert "401" in refused.message
    assert refused.HasField("clock_skew")
    assert not without.key_works
    assert "TELNYX_API_KEY" in without.message
    assert not without.HasField("clock_skew")
    assert isinstance(error, TelnyxUnreachable)


async def test_the_cost_tree_of_a_session_is_its_bill() -> None:
    async with gateway_of() as (sandbox, gateway):
        (fresh,) = sandbox.core.create("dialer", deliver=False)
        (old,) = sandbox.core.create("dialer", deliver=False, ended_ago_s=600)
        asked = pb.GetSessionAnalysisRequest(
            session_id=old.activity.key, about_time=to_timestamp(old.activity.legs[0].start)
        )
        analysis = await gateway.account.GetSessionAnalysis(asked)
        early = await failure(
            gateway.account.GetSessionAnalysis(pb.GetSessionAnalysisRequest(session_id=fresh.activity.key))
        )
        nameless = await failure(gateway.account.GetSessionAnalysis(pb.GetSessionAnalysisRequest()))
    true = {
        (record.type.name, record.record_id): record.charge
        for record in old.activity.records
        if record.charge
    }
    assert {(each.record_type, each.id): dollars(each.cost) for each in analysis.events} == true
    assert dollars(analysis.total_cost) == sum(true.values())
    assert not analysis.unreadable
    assert isinstance(early, NotFound)
    assert isinstance(nameless, InvalidInput)


@pytest.fixture
async def deaf_receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver(answer=lambda _: 503) as each:
        yield each


async def failed_deliveries(gateway: Gateway, sandbox: Sandbox) -> list[pb.FailedDelivery]:
    now = datetime.now(UTC)
    asked = pb.ListFailedDeliveriesRequest(
        from_time=to_timestamp(now - timedelta(hours=1)), to_time=to_timestamp(now + timedelta(hours=1))
    )
    items = [item async for item in gateway.account.ListFailedDeliveries(asked)]
    assert items[-1].complete.delivery_count == len(items) - 1
    return [item.delivery for item in items[:-1]]


async def test_failed_deliveries_hold_the_events_that_nobody_took(deaf_receiver: WebhookReceiver) -> None:
    settings = replace(PLENTY, webhook_url=deaf_receiver.url, webhook_retry_delays_s=(0.0,))
    async with gateway_of(settings) as (sandbox, gateway):
        made = sandbox.core.create("mixed", 50)
        sandbox.core.deliverer.send_raw("calls", b"{not json")
        assert await sandbox.core.deliverer.wait_idle(60)
        deaf_receiver.answer = lambda _: 200
        sandbox.core.create("sms-inbound")
        assert await sandbox.core.deliverer.wait_idle(60)
        deliveries = await failed_deliveries(gateway, sandbox)
    by_id: dict[str, WebhookEvent] = {each.event.event_id: each.event for each in deliveries}
    events = {event.event_id: event for each in made for event in each.activity.events}
    assert len(events) > 100
    (garbled,) = set(by_id) - set(events)
    assert by_id[garbled].event_type == "unreadable"
    assert by_id[garbled].raw == b"{not json"
    for event_id, event in events.items():
        assert by_id[event_id].event_type == event.event_type
        assert not by_id[event_id].unreadable
        assert not by_id[event_id].quarantined
    times = [from_timestamp(each.start_time) for each in deliveries]
    assert times == sorted(times)
    assert len({each.delivery_id for each in deliveries}) == len(deliveries)


async def test_deliveries_need_a_window(deaf_receiver: WebhookReceiver) -> None:
    async with gateway_of() as (_, gateway):
        now = to_timestamp(datetime.now(UTC))
        for asked in (
            pb.ListFailedDeliveriesRequest(),
            pb.ListFailedDeliveriesRequest(from_time=now, to_time=now),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                [item async for item in gateway.account.ListFailedDeliveries(asked)]
            assert isinstance(from_rpc_error(failed.value), InvalidInput)


async def test_a_refused_key_is_told_by_every_method() -> None:
    async with Sandbox(PLENTY) as sandbox, running_gateway(sandbox.base_url, "KEYunknown") as gateway:
        today = datetime.now(UTC).date()
        for call in (
            gateway.account.ListUsageProducts(pb.ListUsageProductsRequest()),
            gateway.account.GetAccountCharges(charges_of(today, 1)),
            gateway.account.ListApplications(pb.ListApplicationsRequest()),
            gateway.account.GetSessionAnalysis(pb.GetSessionAnalysisRequest(session_id="s")),
        ):
            error = await failure(call)
            assert isinstance(error, TelnyxRefused)
            assert error.field == "TELNYX_API_KEY"
