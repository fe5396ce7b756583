"""Telnyx, telnyx-gateway or the key is gone for a while: webhooks are taken, the work is kept, and then it is done."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.drift import equals_the_bill
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

CALLS = 25
GATEWAY_AWAY = {httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.GATEWAY_TIMEOUT}
MOST_TRIALS = 20
"""Of one endpoint, in the half minute that a test may take: pauses double from a second on, people get every other."""


def make_calls(stack: Stack) -> str:
    """Calls and messages. Every one of their webhooks is acknowledged, or this fails. Gives the id of one call."""
    stack.sandbox.client.create("mixed", CALLS, call_cost="never")
    [call] = stack.sandbox.client.create("pstn-outbound", 1, call_cost="never")
    stack.sandbox.client.wait(60)
    assert stack.sandbox.client.counts()["webhooks"].get("given_up", 0) == 0
    return str(call["legs"][0]["call_control_id"])


def look_in_vain(stack: Stack) -> None:
    """Wait until the reconciler has tried in vain again and again."""
    reconciler = stack.tollbook.running["reconciler"]
    begin = len(reconciler.log_events())

    def tries() -> int:
        return sum(line["event"] == "job.retried" for line in reconciler.log_events()[begin:])

    wait_until(lambda: tries() > CALLS / 2, 90, "the reconciler does not try again")
    assert jobs(stack, "failed") == [], "nothing is given up"
    assert len(jobs(stack, "pending")) >= CALLS / 2


def jobs(stack: Stack, status: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.get("/api/billing/jobs", status=status, limit=200)["jobs"]
    return found


def requests_for_records(stack: Stack) -> int:
    return int(stack.sandbox.client.counts()["requests"].get("detail_records", 0))


def fetch_now(stack: Stack, call_id: str) -> int:
    """The status of the answer to a person who wants to know the cost of a call."""
    return stack.http.post("/api/billing/fetch-call-cost", json={"callControlId": call_id}).status_code


def warnings(stack: Stack) -> dict[str, str]:
    """What the edge tells of what has stopped, by name. It would take a webhook all the same."""
    return {warning["name"]: warning["finding"] for warning in stack.get("/readyz")["warnings"]}


@pytest.mark.timeout(300)
def test_telnyx_is_away_and_then_telnyx_gateway(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        stack.sandbox.client.set_outage(True)
        call_id = make_calls(stack)
        stack.tollbook.running["telnyx_gateway"].wait_for_event("telnyx.away")
        asked = requests_for_records(stack)
        look_in_vain(stack)
        assert fetch_now(stack, call_id) == httpx.codes.BAD_GATEWAY
        assert requests_for_records(stack) - asked <= MOST_TRIALS
        stack.sandbox.client.set_outage(False)
        wait_until(lambda: equals_the_bill(stack), 120, "the book does not come to equal the bill")
        counts = stack.sandbox.client.counts()
        assert counts["refusals"].get("quota", 0) * 20 < counts["requests"]["detail_records"]

        stack.tollbook.kill("telnyx_gateway")
        call_id = make_calls(stack)
        assert fetch_now(stack, call_id) in GATEWAY_AWAY
        assert jobs(stack, "failed") == [], "nothing is given up"
        stack.tollbook.start("telnyx_gateway")
        wait_until(lambda: equals_the_bill(stack), 120, "the book does not come to equal the bill")


@pytest.mark.timeout(300)
def test_the_key_is_revoked_and_replaced(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        make_calls(stack)
        new_key = stack.sandbox.client.rotate_key()
        call_id = make_calls(stack)
        gateway = stack.tollbook.running["telnyx_gateway"]
        gateway.wait_for_event("alarm.raised", 60)
        asked = requests_for_records(stack)
        look_in_vain(stack)
        assert fetch_now(stack, call_id) == httpx.codes.BAD_GATEWAY
        assert requests_for_records(stack) - asked <= 3, "it is hardly asked with a key that is refused"

        wait_until(lambda: "telnyx_key_refused" in warnings(stack), 60, "nobody is told of the key")
        assert "refused the API key" in warnings(stack)["telnyx_key_refused"]
        assert 'tollbook_alarm{name="telnyx_key_refused"} 1.0' in metrics(stack)
        raised = [line for line in gateway.log_events() if line["event"] == "alarm.raised"]
        assert [line["name"] for line in raised] == ["telnyx_key_refused"], "it is said once"

        stack.tollbook.stop("telnyx_gateway")
        stack.tollbook.environment["TELNYX_API_KEY"] = new_key
        stack.tollbook.start("telnyx_gateway")
        wait_until(lambda: equals_the_bill(stack), 120, "the book does not come to equal the bill")
        wait_until(lambda: "telnyx_key_refused" not in warnings(stack), 60, "the warning stays")


def metrics(stack: Stack) -> str:
    """What telnyx-gateway measures."""
    answer = httpx.get(f"{stack.tollbook.admin_url('telnyx_gateway')}/metrics", trust_env=False)
    return answer.raise_for_status().text
