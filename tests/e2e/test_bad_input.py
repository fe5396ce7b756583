"""What must not disturb anything: the estimate stays, the job says why, the retry comes, nothing is lost."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.stack import Stack, running_stack
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(150)
CALLS = "/api/telnyx/webhooks/calls"


def test_telnyx_is_away_and_comes_back(tmp_path: Path) -> None:
    with running_stack(tmp_path, environment={"TELNYX_PUBLIC_KEY": "sandbox"}) as stack:
        stack.sandbox.client.set_outage(True)
        made = stack.sandbox.client.create("pstn-outbound", 3, call_cost="never")
        stack.sandbox.client.wait(30)
        call_id = made[0]["legs"][0]["call_control_id"]
        wait_until(lambda: bool(_job(stack, call_id).get("lastError")), 30, "the job says nothing")
        assert stack.get(f"/api/billing/calls/{call_id}")["status"] == "estimated"
        assert stack.http.get("/api/billing/balance").status_code == httpx.codes.BAD_GATEWAY
        assert stack.http.get("/billing").status_code == httpx.codes.OK
        stack.sandbox.client.set_outage(False)
        wait_until(lambda: stack.estimated_count() == 0, 60, "the retry does not come")
        assert stack.total() == Decimal(stack.sandbox.client.bill()["total"])


def test_telnyx_refuses_the_key(tmp_path: Path) -> None:
    with running_stack(
        tmp_path, environment={"TELNYX_API_KEY": "KEYrevoked", "TELNYX_PUBLIC_KEY": "sandbox"}
    ) as stack:
        made = stack.sandbox.client.create("pstn-outbound", 1, call_cost="never")
        stack.sandbox.client.wait(30)
        call_id = made[0]["legs"][0]["call_control_id"]
        wait_until(
            lambda: "key" in (_job(stack, call_id).get("lastError") or ""), 30, "the job does not say why"
        )
        assert stack.get(f"/api/billing/calls/{call_id}")["status"] == "estimated"
        refusal = stack.http.get("/api/billing/balance")
        assert refusal.status_code == httpx.codes.BAD_GATEWAY
        assert "KEYrevoked" not in refusal.text + stack.tollbook.log_text()


def test_webhooks_of_every_bad_kind(tmp_path: Path) -> None:
    signer = TelnyxSigner()
    with running_stack(tmp_path, environment={"TELNYX_PUBLIC_KEY": f"sandbox,{signer.public_key}"}) as stack:
        now = datetime.now(UTC)
        assert _send(stack, signer, b"not JSON at all", now) == httpx.codes.OK
        assert _send(stack, signer, _event("call.moonwalk.started", {}), now) == httpx.codes.OK
        assert _send(stack, signer, _event("call.hangup", {"call_control_id": None}), now) == httpx.codes.OK
        absurd = {
            **_leg_ids("absurd"),
            "total_cost": "1E+2000000",
            "cost_parts": [{"call_part": "recording"}],
        }
        assert _send(stack, signer, _event("call.cost", absurd), now) == httpx.codes.OK
        assert _send(stack, TelnyxSigner(), _event("call.hangup", {}), now) == httpx.codes.UNAUTHORIZED
        assert stack.http.post(CALLS, content=b"{}").status_code == httpx.codes.UNAUTHORIZED
        assert _send(stack, signer, b" " * (1024 * 1024 + 1), now) == httpx.codes.REQUEST_ENTITY_TOO_LARGE
        stack.sandbox.client.create("inbound", 2)
        stack.sandbox.client.wait(30)
        true_total = Decimal(stack.sandbox.client.bill()["total"])
        wait_until(lambda: stack.total() == true_total, 60, "other calls are held up")


def test_a_stale_webhook_has_no_effect_until_a_record_confirms_it(tmp_path: Path) -> None:
    signer = TelnyxSigner()
    with running_stack(
        tmp_path,
        sandbox_arguments=("--quota-window-s", "2", "--record-delay-min-s", "8", "--record-delay-max-s", "8"),
        environment={"TELNYX_PUBLIC_KEY": f"sandbox,{signer.public_key}"},
        with_webhooks=False,
    ) as stack:
        made = stack.sandbox.client.create("pstn-outbound", 1, call_cost="never")[0]
        leg = made["legs"][0]
        ids = {
            "call_control_id": leg["call_control_id"],
            "call_leg_id": leg["call_leg_id"],
            "call_session_id": made["key"],
        }
        hangup = _event("call.hangup", {**ids, "hangup_cause": "normal_clearing", "hangup_source": "callee"})
        assert _send(stack, signer, hangup, datetime.now(UTC) - timedelta(seconds=301)) == httpx.codes.OK
        assert (
            stack.http.get(f"/api/billing/calls/{leg['call_control_id']}").status_code
            == httpx.codes.NOT_FOUND
        )
        wait_until(
            lambda: stack.estimated_count() == 0 and stack.total() > 0, 60, "the sweep does not find the call"
        )
        assert stack.get(f"/api/billing/calls/{leg['call_control_id']}")["hangupCause"] == "normal_clearing"


def _job(stack: Stack, call_id: str) -> dict[str, Any]:
    """The job of a call; empty while there is none."""
    return stack.get(f"/api/billing/calls/{call_id}")["job"] or {}


def _leg_ids(name: str) -> dict[str, str]:
    return {
        "call_control_id": f"v3:{name}",
        "call_leg_id": f"leg-{name}",
        "call_session_id": f"session-{name}",
    }


def _event(event_type: str, payload: dict[str, Any]) -> bytes:
    data = {
        "record_type": "event",
        "event_type": event_type,
        "id": f"event-{event_type}",
        "occurred_at": datetime.now(UTC).isoformat(),
        "payload": payload,
    }
    return json.dumps({"data": data, "meta": {"attempt": 1}}).encode()


def _send(stack: Stack, signer: TelnyxSigner, body: bytes, at: datetime) -> int:
    return stack.http.post(CALLS, content=body, headers=signer.headers(body, at)).status_code
