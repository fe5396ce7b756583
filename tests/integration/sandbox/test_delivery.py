"""Webhooks on the wire: signatures, retries, loss, and receivers that are not there."""

import base64
import itertools
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from tests.sandbox.call_cost import CallCost
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults, Settings
from tests.support.ports import free_port
from tests.support.webhook_receiver import Received, WebhookReceiver
from tests.unit.sandbox.support import ManualClock

QUICK = (0.01, 0.02)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver() as each:
        yield each


def _settings(receiver: WebhookReceiver, **faults: object) -> Settings:
    return Settings(webhook_url=receiver.url, webhook_retry_delays_s=QUICK, faults=Faults(**faults))  # type: ignore[arg-type]


async def _created(settings: Settings, kind: str, count: int = 1) -> Sandbox:
    async with Sandbox(settings) as sandbox:
        sandbox.core.create(kind, count, call_cost=CallCost("never"))
        assert await sandbox.core.deliverer.wait_idle(30)
    return sandbox


async def test_webhooks_are_signed_over_timestamp_and_raw_body(receiver: WebhookReceiver) -> None:
    sandbox = await _created(_settings(receiver), "inbound")
    key = VerifyKey(base64.b64decode(sandbox.public_key))
    for delivery in receiver.received:
        signature = base64.b64decode(delivery.headers["telnyx-signature-ed25519"])
        signed = delivery.headers["telnyx-timestamp"].encode() + b"|" + delivery.body
        assert key.verify(signed, signature) == signed
        with pytest.raises(BadSignatureError):
            key.verify(signed + b" ", signature)


async def test_calls_and_messages_go_to_their_own_addresses(receiver: WebhookReceiver) -> None:
    await _created(_settings(receiver), "mixed", 24)
    for delivery in receiver.received:
        is_call = delivery.inner["event_type"].startswith(("call.", "streaming.", "conference."))
        assert delivery.path == ("/hooks/calls" if is_call else "/hooks/sms")
        assert delivery.json["meta"]["attempt"] == 1
        assert delivery.json["meta"]["delivered_to"].endswith(delivery.path)
    assert {delivery.path for delivery in receiver.received} == {"/hooks/calls", "/hooks/sms"}


async def test_a_refused_webhook_comes_again_with_the_same_id(receiver: WebhookReceiver) -> None:
    answers = itertools.cycle((503, 429, 200))
    receiver.answer = lambda _: next(answers)
    sandbox = await _created(_settings(receiver), "inbound")
    attempts = Counter(delivery.inner["id"] for delivery in receiver.received)
    assert list(attempts.values()) == [3, 3, 3]
    assert [delivery.json["meta"]["attempt"] for delivery in receiver.received] == [1, 2, 3] * 3
    assert sandbox.core.deliverer.counts == {"planned": 3, "lost": 0, "attempts": 9, "accepted": 3}


async def test_a_webhook_that_is_never_taken_is_gone(receiver: WebhookReceiver) -> None:
    def refuse_hangups(delivery: Received) -> int:
        return 500 if delivery.inner["event_type"] == "call.hangup" else 200

    receiver.answer = refuse_hangups
    sandbox = await _created(_settings(receiver), "inbound", 2)
    counts = sandbox.core.deliverer.counts
    assert (counts["accepted"], counts["given_up"], counts["attempts"]) == (4, 2, 10)
    taken = {each.inner["id"] for each in receiver.received if each.inner["event_type"] != "call.hangup"}
    assert set(sandbox.core.account.deliveries.taken_ids()) == taken


async def test_a_client_error_ends_voice_and_not_messaging(receiver: WebhookReceiver) -> None:
    receiver.answer = lambda _: 401
    sandbox = await _created(_settings(receiver), "busy")
    assert sandbox.core.deliverer.counts["attempts"] == 2
    sandbox = await _created(_settings(receiver), "sms-inbound")
    assert sandbox.core.deliverer.counts["attempts"] == 3


@pytest.mark.parametrize("renewed", [True, False])
async def test_whether_the_timestamp_is_renewed_on_a_retry_can_be_chosen(
    receiver: WebhookReceiver, renewed: bool
) -> None:
    """Telnyx's own habit is not known."""
    clock = ManualClock()

    def refuse_for_a_minute(_: Received) -> int:
        clock.advance(60)
        return 500

    receiver.answer = refuse_for_a_minute
    settings = _settings(receiver, renew_timestamp_on_retry=renewed)
    async with Sandbox(settings, clock=clock) as sandbox:
        sandbox.core.create("sms-inbound")
        assert await sandbox.core.deliverer.wait_idle(30)
    timestamps = [int(delivery.headers["telnyx-timestamp"]) for delivery in receiver.received]
    assert [timestamp - timestamps[0] for timestamp in timestamps] == ([0, 60, 120] if renewed else [0, 0, 0])


async def test_lost_and_doubled_webhooks_are_counted(receiver: WebhookReceiver) -> None:
    faults = {"webhook_loss_rate": 0.2, "webhook_duplicate_rate": 0.3, "webhook_disorder_rate": 0.5}
    sandbox = await _created(_settings(receiver, **faults), "calls", 60)
    counts = sandbox.core.deliverer.counts
    times = Counter(delivery.inner["id"] for delivery in receiver.received)
    assert counts["planned"] == len(times) + counts["lost"]
    assert 0.1 < counts["lost"] / counts["planned"] < 0.3
    assert set(times.values()) == {1, 2}
    assert counts["accepted"] == len(receiver.received)


async def test_a_late_call_cost_comes_after_the_records(receiver: WebhookReceiver) -> None:
    settings = _settings(receiver, record_delay_min_s=0.3, record_delay_max_s=0.3)
    async with Sandbox(settings) as sandbox:
        created = sandbox.core.create("inbound", call_cost=CallCost("after-records"))[0]
        assert await sandbox.core.deliverer.wait_idle(30)
        assert sandbox.core.account.clock() >= created.visible_at
    assert receiver.received[-1].inner["event_type"] == "call.cost"


async def test_a_receiver_that_is_not_there_costs_only_tries() -> None:
    settings = Settings(webhook_url=f"http://127.0.0.1:{free_port()}/hooks", webhook_retry_delays_s=QUICK)
    sandbox = await _created(settings, "inbound", 3)
    assert sandbox.core.deliverer.counts == {"planned": 9, "lost": 0, "attempts": 27, "given_up": 9}


async def test_a_body_of_anyones_making_is_signed_and_sent_as_it_is(receiver: WebhookReceiver) -> None:
    async with Sandbox(_settings(receiver)) as sandbox:
        sandbox.core.deliverer.send_raw("calls", b"{not json")
        assert await sandbox.core.deliverer.wait_idle(30)
        assert sandbox.core.deliverer.counts == {"planned": 1, "attempts": 1, "accepted": 1}
    delivery = receiver.received[0]
    assert (delivery.path, delivery.body) == ("/hooks/calls", b"{not json")
    signature = base64.b64decode(delivery.headers["telnyx-signature-ed25519"])
    signed = delivery.headers["telnyx-timestamp"].encode() + b"|" + delivery.body
    VerifyKey(base64.b64decode(sandbox.public_key)).verify(signed, signature)


async def test_waiting_has_an_end(receiver: WebhookReceiver) -> None:
    receiver.answer = lambda _: 500
    async with Sandbox(Settings(webhook_url=receiver.url, webhook_retry_delays_s=(60.0,))) as sandbox:
        sandbox.core.create("sms-inbound")
        assert not await sandbox.core.deliverer.wait_idle(0.2)
