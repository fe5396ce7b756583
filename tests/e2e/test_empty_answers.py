"""Silence proves nothing: with a wrong key or a wrong filter, no estimate may turn into an exact 0."""

from pathlib import Path

import pytest

from tests.support.stack import QUICK_QUOTA, Stack, running_stack
from tests.support.waiting import wait_until


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("sandbox_arguments", "environment"),
    [
        pytest.param((), {"TELNYX_API_KEY": "other"}, id="the key of another, empty account"),
        pytest.param(("--answers-nothing", "true"), {}, id="a filter that Telnyx no longer knows"),
    ],
)
def test_nothing_becomes_exact(
    sandbox_arguments: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    fast = {"SETTLE_HORIZON_SECONDS": "2", "SWEEP_INTERVAL_SECONDS": "2", "RECONCILE_DELAYS_SECONDS": "1,1"}
    with running_stack(
        tmp_path, sandbox_arguments=(*QUICK_QUOTA, *sandbox_arguments), environment={**fast, **environment}
    ) as stack:
        for kind in ("pstn-outbound", "dialer", "busy", "inbound", "sms-without-cost"):
            # Without call.cost: what the webhooks themselves told may well be exact.
            stack.sandbox.client.create(kind, 2, call_cost="never")
        stack.sandbox.client.wait(30)
        wait_until(lambda: _has_given_up(stack), 60, "the jobs do not come to their end")
        assert stack.estimated_count() == len(list(stack.records())) > 0
        assert all(record["status"] == "estimated" for record in stack.records())


def _has_given_up(stack: Stack) -> bool:
    """Every attempt was made, and closing sweeps have come back empty."""
    jobs = stack.get("/api/billing/jobs")["jobs"]
    unproven = [event for event in stack.tollbook.running["reconciler"].log_events() if _is_unproven(event)]
    return bool(jobs) and all(job["status"] == "failed" for job in jobs) and bool(unproven)


def _is_unproven(event: dict[str, object]) -> bool:
    return event.get("verdict") == "unproven"
