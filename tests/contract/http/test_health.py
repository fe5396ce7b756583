"""`GET /healthz` and `/readyz`."""

from datetime import timedelta

import pytest

from gateway.access import Access
from gateway.api_keys import ApiKey, Scope, digest_of
from services.common.alarms import Alarm
from services.common.freshness.symptom import DISK_FULL, Symptom
from tests.support.edge import EdgeUnderTest, open_edge_under_test
from tests.support.rest_contract import assert_as_documented

KEY = "a-key-that-may-read-0123456789"
READER = (ApiKey("reader", frozenset({Scope.READ}), digest_of(KEY.encode()), is_short=False),)
TROUBLE = Alarm("test_trouble", "Do something about it.")


def _stop_something(edge: EdgeUnderTest) -> None:
    since = edge.clock.now() - timedelta(minutes=8, milliseconds=5)
    edge.edge.watch.symptoms = (Symptom("reconciler_silent", since, "It does not answer.", "See its log."),)


async def test_health(edge: EdgeUnderTest) -> None:
    assert (await edge.client.get("/healthz")).json() == {"status": "ok"}
    ready = await edge.client.get("/readyz")
    assert_as_documented(ready)
    assert (ready.status_code, ready.json()) == (
        200,
        {
            "status": "ready",
            "checks": {"ledger": True, "disk": True, "publicKeys": True, "staying": True},
            "warnings": [],
            "lookedAt": None,
        },
    )


async def test_not_ready_without_a_key() -> None:
    async with open_edge_under_test(knows_keys=False) as edge:
        answer = await edge.client.get("/readyz")
        assert_as_documented(answer)
        assert (answer.status_code, answer.json()["checks"]) == (
            503,
            {"ledger": True, "disk": True, "publicKeys": False, "staying": True},
        )


async def test_not_ready_while_the_disk_of_the_ledger_is_full(edge: EdgeUnderTest) -> None:
    edge.edge.watch.symptoms = (Symptom(DISK_FULL, edge.clock.now(), "It is full.", "Make room."),)
    answer = await edge.client.get("/readyz")
    assert_as_documented(answer)
    assert (answer.status_code, answer.json()["checks"]["disk"]) == (503, False)
    assert answer.json()["warnings"][0]["advice"] == "Make room."


async def test_what_has_stopped_is_told_and_webhooks_are_taken_all_the_same(edge: EdgeUnderTest) -> None:
    _stop_something(edge)
    answer = await edge.client.get("/readyz")
    assert_as_documented(answer)
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["warnings"] == [
        {
            "name": "reconciler_silent",
            "since": "2026-11-22T11:51:59Z",
            "finding": "It does not answer.",
            "advice": "See its log.",
        }
    ]


@pytest.mark.parametrize(("key", "is_reader"), [("", False), ("another-key-0123456789", False), (KEY, True)])
async def test_with_keys_sentences_are_for_who_may_read(key: str, *, is_reader: bool) -> None:
    """Whoever probes from outside is told no more than a name."""
    async with open_edge_under_test(Access(keys=READER)) as edge:
        _stop_something(edge)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = await edge.client.get("/readyz", headers=headers)
        assert_as_documented(answer)
        [warning] = answer.json()["warnings"]
        assert ("finding" in warning, "advice" in warning) == (is_reader, is_reader)
        assert warning["name"] == "reconciler_silent"


async def test_an_alarm_of_a_process_is_told_once_it_was_looked_at(edge: EdgeUnderTest) -> None:
    TROUBLE.raised("Something is wrong.")
    try:
        await edge.edge.watch.look()
        told = (await edge.client.get("/readyz")).json()
        assert [(each["name"], each["finding"], each["advice"]) for each in told["warnings"]] == [
            ("test_trouble", "Something is wrong.", "Do something about it.")
        ]
        assert told["lookedAt"] == "2026-11-22T12:00:00Z"
    finally:
        TROUBLE.ended()
    await edge.edge.watch.look()
    assert (await edge.client.get("/readyz")).json()["warnings"] == []
