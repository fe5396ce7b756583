"""Whatever dies in the middle of the work, the book goes on from where it was: timers, attempts and money."""

from pathlib import Path

import pytest

from tests.support.drift import equals_the_bill
from tests.support.processes import SERVICES
from tests.support.stack import QUICK_QUOTA, running_stack
from tests.support.waiting import wait_until


@pytest.mark.timeout(200)
def test_each_process_is_killed_while_calls_come_in(tmp_path: Path) -> None:
    # What comes while the edge or the ledger is away is repeated for a second, then lost, as with Telnyx.
    slow_records = (*QUICK_QUOTA, "--record-delay-min-s", "1", "--record-delay-max-s", "5")
    with running_stack(tmp_path, sandbox_arguments=slow_records) as stack:
        for service in SERVICES:
            stack.sandbox.client.create("mixed", 12)
            stack.tollbook.kill(service)
            stack.sandbox.client.create("mixed", 12)
            stack.tollbook.start(service)
        stack.sandbox.client.wait(60)
        wait_until(lambda: equals_the_bill(stack), 120, "the book does not come to equal the bill")


@pytest.mark.timeout(120)
def test_the_reconcilers_database_can_be_deleted(tmp_path: Path) -> None:
    """All facts live in the ledger: only the counts of attempts are lost (design, section 1)."""
    with running_stack(tmp_path) as stack:
        stack.sandbox.client.create("pstn-outbound", 3, call_cost="never")
        stack.sandbox.client.wait(30)
        stack.tollbook.stop("reconciler")
        for path in tmp_path.glob("reconciler.db*"):
            path.unlink()
        stack.sandbox.client.create("dialer", 3, call_cost="never")
        stack.sandbox.client.wait(30)
        stack.tollbook.start("reconciler")
        wait_until(lambda: equals_the_bill(stack), 60, "the book does not come to equal the bill")
