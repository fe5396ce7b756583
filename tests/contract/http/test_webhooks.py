"""Deliveries to the edge, down to what the ledger is told."""

import asyncio
import hashlib
import json
from datetime import timedelta

import pytest

from services.common.errors import Conflict, InvalidInput, QuotaExhausted, TollbookError, Unavailable
from services.common.wire import from_timestamp
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.waiting import until

URLS = ["/api/telnyx/webhooks/calls", "/api/telnyx/webhooks/sms"]
MIB = 1024 * 1024


def body_of(event_id: str, event_type: str = "call.hangup") -> bytes:
    payload = {
        "call_control_id": "v3:abc",
        "call_session_id": "s1",
        "from": "+12025550100",
        "to": "+12025550131",
    }
    return json.dumps({"data": {"id": event_id, "event_type": event_type, "payload": payload}}).encode()


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "event_type", ["call.hangup", "message.finalized", "fax.delivered", "never.seen.before"]
)
async def test_both_urls_take_every_event_type(edge: EdgeUnderTest, url: str, event_type: str) -> None:
    body = body_of("e1", event_type)
    response = await edge.deliver(body, url)
    assert (response.status_code, response.json()) == (200, {"success": True})
    [event] = edge.fakes.ledger.events
    assert (event.event_id, event.event_type, event.call_control_id) == ("e1", event_type, "v3:abc")
    assert (event.raw, event.quarantined) == (body, False)
    assert from_timestamp(event.received_time) == edge.clock.now()


async def test_an_old_but_genuine_delivery_is_kept_aside_and_acknowledged(edge: EdgeUnderTest) -> None:
    body = body_of("e1")
    headers = edge.signer.headers(body, edge.clock.now() - timedelta(seconds=301))
    response = await edge.client.post(URLS[0], content=body, headers=headers)
    assert (response.status_code, response.json()) == (200, {"success": True})
    assert [event.quarantined for event in edge.fakes.ledger.events] == [True]


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff\xfe", b"[" * 100_000])
async def test_an_unreadable_but_genuine_delivery_is_kept_and_acknowledged(
    edge: EdgeUnderTest, body: bytes
) -> None:
    assert (await edge.deliver(body)).status_code == 200
    [event] = edge.fakes.ledger.events
    assert event.event_type == "unreadable"
    assert event.event_id == "sha256:" + hashlib.sha256(body).hexdigest()
    assert event.raw == body


async def assert_refused(edge: EdgeUnderTest, headers: list[tuple[str, str]]) -> None:
    response = await edge.client.post(URLS[0], content=body_of("e1"), headers=headers)
    assert response.status_code == 401
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["error"]
    assert edge.fakes.ledger.requests == {}


async def test_what_telnyx_did_not_sign_is_refused(edge: EdgeUnderTest) -> None:
    good = edge.signer.headers(body_of("e1"), edge.clock.now())
    signature, timestamp = good.items()
    foreign = TelnyxSigner().headers(body_of("e1"), edge.clock.now())
    of_another_body = edge.signer.headers(body_of("e2"), edge.clock.now())
    for headers in (
        [],
        [signature],
        [timestamp],
        [signature, signature, timestamp],
        [signature, timestamp, timestamp],
        [(signature[0], ""), timestamp],
        [(signature[0], "junk"), timestamp],
        [signature, (timestamp[0], "junk")],
        list(foreign.items()),
        list(of_another_body.items()),
    ):
        await assert_refused(edge, headers)


async def test_a_body_may_have_one_mebibyte_and_no_byte_more(edge: EdgeUnderTest) -> None:
    head, tail = body_of("big")[:-1], b', "filling": ""}'
    body = head + tail.replace(b'""', b'"' + b"x" * (MIB - len(head) - len(tail)) + b'"')
    assert len(body) == MIB
    assert (await edge.deliver(body)).status_code == 200
    assert [event.event_id for event in edge.fakes.ledger.events] == ["big"]
    too_large = await edge.deliver(body + b" ")
    assert too_large.status_code == 413
    assert too_large.json()["error"] == "the body is larger than 1048576 bytes"
    assert len(edge.fakes.ledger.events) == 1


@pytest.mark.parametrize("url", URLS)
async def test_the_url_can_be_checked_but_not_delivered_to_by_get(edge: EdgeUnderTest, url: str) -> None:
    assert (await edge.client.get(url)).status_code == 200
    head = await edge.client.head(url)
    assert (head.status_code, head.content) == (204, b"")
    for method, path, allowed in (
        ("GET", f"{url}?data=x", "POST"),
        ("HEAD", f"{url}?data=x", "POST"),
        ("PUT", url, "GET, HEAD, POST"),
        ("DELETE", url, "GET, HEAD, POST"),
        ("OPTIONS", url, "GET, HEAD, POST"),
    ):
        response = await edge.client.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert edge.fakes.ledger.requests == {}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("the database is away", retry_after_s=1), 503),
        (Conflict("too many writers"), 503),
        (QuotaExhausted("no"), 503),
        (InvalidInput("no such thing", "events"), 500),
        (TollbookError("broken"), 500),
        (RuntimeError("a bug in the ledger"), 500),
    ],
)
async def test_a_fault_of_ours_is_never_a_4xx(edge: EdgeUnderTest, error: Exception, status: int) -> None:
    edge.fakes.ledger.errors["RecordEvents"] = error
    response = await edge.deliver(body_of("e1"))
    assert response.status_code == status
    assert ("retry-after" in response.headers) == (status == 503)
    assert "bug" not in response.text
    edge.fakes.ledger.errors.clear()
    assert (await edge.deliver(body_of("e1"))).status_code == 200


async def test_one_poisonous_event_does_not_stop_the_others(edge: EdgeUnderTest) -> None:
    ledger = edge.fakes.ledger
    ledger.refused_event_ids["poison"] = InvalidInput("cannot be stored")
    ledger.commits_when.clear()
    ids = ["first", "a", "poison", "b"]
    deliveries = [asyncio.create_task(edge.deliver(body_of(name))) for name in ids]
    await until(lambda: "RecordEvents" in ledger.requests)
    ledger.commits_when.set()
    statuses = [(await delivery).status_code for delivery in deliveries]
    assert statuses == [200, 200, 500, 200]
    assert sorted(event.event_id for event in ledger.events) == ["a", "b", "first"]


async def test_it_is_acknowledged_only_once_committed(edge: EdgeUnderTest) -> None:
    ledger = edge.fakes.ledger
    ledger.commits_when.clear()
    delivery = asyncio.create_task(edge.deliver(body_of("e1")))
    await until(lambda: "RecordEvents" in ledger.requests)
    assert not delivery.done()
    ledger.commits_when.set()
    assert (await delivery).status_code == 200


async def test_many_at_once_share_calls(edge: EdgeUnderTest) -> None:
    responses = await asyncio.gather(*(edge.deliver(body_of(f"e{number}")) for number in range(300)))
    assert {response.status_code for response in responses} == {200}
    assert len(edge.fakes.ledger.events) == 300
    assert len(edge.fakes.ledger.requests["RecordEvents"]) < 100


async def test_until_telnyx_s_key_is_known_webhooks_are_to_come_again() -> None:
    async with open_edge_under_test(knows_keys=False) as edge:
        for response in (await edge.deliver(body_of("e1")), await edge.client.post(URLS[0], content=b"x")):
            assert response.status_code == 503
            assert int(response.headers["retry-after"]) > 0
        assert (await edge.client.get("/readyz")).status_code == 503
        edge.fakes.telnyx.public_keys = [edge.signer.public_key]
        keeping_fresh = asyncio.create_task(edge.edge.keys.keep_fresh())
        await until(lambda: bool(edge.edge.keys.current))
        keeping_fresh.cancel()
        assert (await edge.deliver(body_of("e1"))).status_code == 200
        assert (await edge.client.get("/readyz")).status_code == 200


async def test_a_key_that_telnyx_has_changed_is_noticed_by_the_first_delivery() -> None:
    async with open_edge_under_test(knows_keys=False) as edge:
        edge.fakes.telnyx.public_keys = [TelnyxSigner().public_key]
        await edge.edge.keys.look_again(())
        edge.fakes.telnyx.public_keys = [edge.signer.public_key]
        assert (await edge.deliver(body_of("e1"))).status_code == 401
        edge.clock.advance(60)
        assert (await edge.deliver(body_of("e2"))).status_code == 200
        assert len(edge.fakes.telnyx.requests["GetPublicKeys"]) == 2
