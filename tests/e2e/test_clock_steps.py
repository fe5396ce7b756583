"""The clock of one process after the other steps by a day, while calls come in: the book comes to equal the bill."""

from pathlib import Path

import pytest

from tests.support.drift import equals_the_bill
from tests.support.stack import QUICK_QUOTA, running_stack
from tests.support.stepped_clock import RUNNER, step_clock
from tests.support.waiting import wait_until

DAY_S = 86_400
SLOW_RECORDS = (*QUICK_QUOTA, "--record-delay-min-s", "1", "--record-delay-max-s", "3")


@pytest.mark.timeout(200)
def test_clocks_step_while_calls_come_in(tmp_path: Path) -> None:
    with running_stack(tmp_path, sandbox_arguments=SLOW_RECORDS, runner=RUNNER) as stack:
        for service, off_s in (("telnyx_gateway", DAY_S), ("reconciler", -DAY_S), ("ledger", -DAY_S)):
            stack.sandbox.client.create("pstn-outbound", 2, call_cost="never")
            step_clock(tmp_path, service, off_s)
            stack.sandbox.client.create("mixed", 6)
            stack.sandbox.client.wait(30)
            wait_until(
                lambda: equals_the_bill(stack),
                40,
                f"the book does not equal the bill, {service} off by {off_s} s",
            )
            step_clock(tmp_path, service, 0)
