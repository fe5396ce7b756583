"""The official SDK as a witness: it accepts the sandbox's webhooks and parses its answers."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from telnyx import AsyncTelnyx, AuthenticationError, BadRequestError, NotFoundError, RateLimitError
from telnyx.types import BalanceRetrieveResponse

from tests.sandbox.bill import true_bill
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults, Settings
from tests.support.webhook_receiver import WebhookReceiver

# The SDK builds lenient models from whatever it gets: only the names of fields that it knows prove that it understood.


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as each:
        yield each


@pytest.fixture
async def sandbox(receiver: WebhookReceiver) -> AsyncIterator[Sandbox]:
    async with Sandbox(Settings(webhook_url=receiver.url)) as each:
        yield each


@pytest.fixture
async def telnyx(sandbox: Sandbox) -> AsyncIterator[AsyncTelnyx]:
    async with AsyncTelnyx(
        api_key=sandbox.core.account.settings.account_key,
        public_key=sandbox.public_key,
        base_url=f"{sandbox.base_url}/v2",
        max_retries=0,
    ) as client:
        yield client


async def test_it_accepts_every_webhook(
    sandbox: Sandbox, receiver: WebhookReceiver, telnyx: AsyncTelnyx
) -> None:
    sandbox.core.create("mixed", 48)
    assert await sandbox.core.deliverer.wait_idle(30)
    assert len(receiver.received) > 100
    for delivery in receiver.received:
        event = telnyx.webhooks.unwrap(delivery.body.decode(), headers=delivery.headers)
        inner = getattr(event, "data", None) or event
        assert inner.event_type == delivery.inner["event_type"]  # type: ignore[union-attr]


async def test_it_refuses_a_webhook_that_was_touched(
    sandbox: Sandbox, receiver: WebhookReceiver, telnyx: AsyncTelnyx
) -> None:
    sandbox.core.create("sms-inbound")
    assert await sandbox.core.deliverer.wait_idle(30)
    delivery = receiver.received[0]
    with pytest.raises(ValueError, match="Signature verification failed"):
        telnyx.webhooks.unwrap(
            delivery.body.decode().replace("0.0051", "0.0001") + " ", headers=delivery.headers
        )


async def test_it_knows_the_fields_of_call_and_message_events(
    sandbox: Sandbox, receiver: WebhookReceiver, telnyx: AsyncTelnyx
) -> None:
    sandbox.core.create("calls", 60)
    sandbox.core.create("messages", 10)
    assert await sandbox.core.deliverer.wait_idle(30)
    seen = set()
    for delivery in receiver.received:
        if "data" not in delivery.json or delivery.inner["event_type"] in seen:
            continue
        event = telnyx.webhooks.unwrap(delivery.body.decode(), headers=delivery.headers)
        payload = event.data.payload  # type: ignore[union-attr]
        if type(payload).__name__.startswith(("Payload", "DataPayload", "Outbound", "Messaging")):
            seen.add(delivery.inner["event_type"])
    assert seen >= {
        *(
            "call.initiated",
            "call.answered",
            "call.bridged",
            "call.hangup",
            "call.cost",
            "call.transcription",
        ),
        *("call.recording.saved", "call.machine.detection.ended", "call.conversation.ended"),
        *("message.sent", "message.finalized", "message.received", "streaming.started"),
    }


async def test_it_reads_the_balance(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    sandbox.core.create("mixed", 24, deliver=False)
    balance = await telnyx.balance.retrieve()
    assert isinstance(balance, BalanceRetrieveResponse)
    assert balance.data is not None
    assert balance.data.record_type == "balance"
    spent = Decimal(100) - Decimal(balance.data.balance or "")
    assert spent == Decimal(str(true_bill(sandbox.core.account)["total"]))


async def test_it_pages_through_detail_records(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    sandbox.core.create("sms-outbound", 70, deliver=False)
    page = telnyx.detail_records.list(filter={"record_type": "messaging"}, page_size=50)
    records = [record async for record in page]
    assert len(records) == 70
    assert {type(record).__name__ for record in records} == {"MessageDetailRecord"}
    total = sum(Decimal(str(getattr(record, "cost", ""))) for record in records)
    assert total == Decimal(str(true_bill(sandbox.core.account)["total"]))


async def test_it_filters_detail_records(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    created = sandbox.core.create("amd", 3, deliver=False)[1]
    filters = {"record_type": "amd", "call_session_id": created.activity.key}
    page = await telnyx.detail_records.list(filter=filters)  # type: ignore[arg-type]
    assert [record.call_session_id for record in page.data] == [created.activity.key]  # type: ignore[union-attr]


async def test_it_reads_usage_reports(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    sandbox.core.create("sms-outbound", 5, deliver=False)
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 60))
    page = telnyx.usage_reports.list(
        product="messaging",
        dimensions=["date"],
        metrics=["cost", "parts"],
        start_date=f"{day}T00:00:00Z",
        end_date=time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 2 * 86_400)),
    )
    rows = [row async for row in page]
    assert sum(int(str(row["parts"])) for row in rows) >= 5
    options = await telnyx.usage_reports.get_options(product="messaging")
    assert options.data is not None
    assert options.data[0].product == "messaging"


async def test_its_errors_are_telnyx_errors(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    with pytest.raises(AuthenticationError):
        await telnyx.with_options(api_key="KEYunknown").balance.retrieve()
    with pytest.raises(BadRequestError):
        await telnyx.detail_records.list(filter={"record_type": "unheard-of"})  # type: ignore[arg-type]
    with pytest.raises(RateLimitError):
        for _ in range(sandbox.core.account.settings.quota_limit * 2 + 1):
            await telnyx.detail_records.list(filter={"record_type": "amd"})


async def test_it_reads_the_charges_of_a_month(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    account = sandbox.core.account
    account.finances.book("existing_mrc", Decimal("6.00"), account.clock())
    account.finances.book("credits", Decimal("-1.50"), account.clock(), "goodwill")
    today = account.clock().date()
    answer = await telnyx.charges_summary.retrieve(start_date=today, end_date=today + timedelta(days=1))
    total = answer.data.total
    assert (total.existing_mrc, total.credits, total.grand_total) == ("6.00", "-1.50", "4.50")
    assert (total.new_mrc, total.new_otc, total.ledger_adjustments, total.other) == ("0.00",) * 4
    assert [each.description for each in answer.data.summary.adjustments] == ["goodwill"]
    assert {line.type for line in answer.data.summary.lines} == {"comparative", "simple"}
    with pytest.raises(BadRequestError):
        await telnyx.charges_summary.retrieve(start_date=today, end_date=today + timedelta(days=32))


async def test_it_lists_applications(telnyx: AsyncTelnyx) -> None:
    found = [each async for each in telnyx.call_control_applications.list()]
    assert [each.active for each in found] == [True, False]
    assert {each.record_type for each in found} == {"call_control_application"}
    assert found[0].call_cost_in_webhooks is False


async def test_it_reads_the_cost_tree_of_a_session(
    receiver: WebhookReceiver, sandbox: Sandbox, telnyx: AsyncTelnyx
) -> None:
    (fresh,) = sandbox.core.create("dialer")
    (old,) = sandbox.core.create("dialer", ended_ago_s=60)
    analysis = await telnyx.session_analysis.retrieve(
        old.activity.key, record_type="call-session", max_depth=5
    )
    assert Decimal(analysis.cost.total) == sum(record.charge for record in old.activity.records)
    assert analysis.root.cost.cumulative_cost == analysis.cost.total
    assert len(analysis.root.children) == analysis.meta.event_count - 1 == len(old.activity.records)
    assert all(child.relationship for child in analysis.root.children)
    with pytest.raises(NotFoundError):
        await telnyx.session_analysis.retrieve(fresh.activity.key, record_type="call-session")


async def test_it_lists_the_deliveries_that_failed(
    sandbox: Sandbox, receiver: WebhookReceiver, telnyx: AsyncTelnyx
) -> None:
    sandbox.core.create("sms-inbound")
    assert await sandbox.core.deliverer.wait_idle(30)
    receiver.answer = lambda _: 500
    sandbox.core.create("sms-inbound")
    assert await sandbox.core.deliverer.wait_idle(30)
    failed = [each async for each in telnyx.webhook_deliveries.list(filter={"status": {"eq": "failed"}})]
    assert len(failed) == 1
    assert failed[0].webhook is not None
    assert failed[0].webhook.event_type == "message.received"
    assert len(failed[0].attempts or []) == 3
    delivered = telnyx.webhook_deliveries.list(filter={"status": {"eq": "delivered"}})
    assert len([each async for each in delivered]) == 1


async def test_it_orders_and_finds_reports(sandbox: Sandbox, telnyx: AsyncTelnyx) -> None:
    sandbox.core.create("pstn-outbound", deliver=False)
    sandbox.core.account.faults = Faults(report_delay_s=0)
    reports = telnyx.legacy.reporting.batch_detail_records
    end = sandbox.core.account.clock() + timedelta(hours=1)
    ordered = await reports.voice.create(
        start_time=end - timedelta(days=1), end_time=end, source="call-control"
    )
    assert ordered.data is not None
    voice = await reports.voice.retrieve(ordered.data.id or "")
    assert voice.data is not None
    assert (voice.data.status, voice.data.source) == (2, "call-control")
    async with httpx.AsyncClient(trust_env=False) as http:
        lines = (await http.get(voice.data.report_url or "")).text.splitlines()
    assert "telnyx_session_id" in lines[0]
    assert len(lines) > 1
    messages = await reports.messaging.create(start_time=end - timedelta(days=1), end_time=end)
    assert messages.data is not None
    assert messages.data.status == "COMPLETE"
    with pytest.raises(NotFoundError):
        await reports.messaging.retrieve(ordered.data.id or "")
