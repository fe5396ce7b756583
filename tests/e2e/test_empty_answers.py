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
    """Every attempt was made, and sweeps that could have closed the calls have come back empty."""
    jobs = stack.get("/api/billing/jobs")["jobs"]
    metrics = stack.http.get(f"{stack.tollbook.admin_url('ledger')}/metrics").text
    return bool(jobs) and all(job["status"] == "failed" for job in jobs) and _unproven_count(metrics) > 20


def _unproven_count(metrics: str) -> int:
    line = 'tollbook_ledger_sweeps_total{verdict="unproven"} '
    return next(
        (int(float(text.removeprefix(line))) for text in metrics.splitlines() if text.startswith(line)), 0
    )
