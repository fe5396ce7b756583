"""The official SDK as a witness: it accepts the sandbox's webhooks and parses its answers."""

import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from telnyx import AsyncTelnyx, AuthenticationError, BadRequestError, RateLimitError
from telnyx.types import BalanceRetrieveResponse

from tests.sandbox.bill import true_bill
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Settings
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
