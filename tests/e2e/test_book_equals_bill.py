"""The promise itself: whatever goes wrong on the way, the book ends equal to Telnyx's bill, to the nano."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.databases import DATABASE_KINDS, DatabaseKind, Databases
from tests.support.drift import equals_the_bill, message_drifts, session_drifts
from tests.support.stack import QUICK_QUOTA, running_stack
from tests.support.waiting import wait_until

SESSIONS = 300
TROUBLE = (
    *("--webhook-loss-rate", "0.2"),
    *("--webhook-duplicate-rate", "0.2"),
    *("--webhook-disorder-rate", "0.3"),
    *("--api-fault-rate", "0.05"),
    *("--slow-answer-s", "1"),
    *("--record-delay-min-s", "0.5"),
    *("--record-delay-max-s", "6"),
    *("--record-change-rate", "0.05"),
)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_three_hundred_sessions_in_trouble(kind: DatabaseKind, databases: Databases, tmp_path: Path) -> None:
    ledger_url = databases.empty(kind)
    # Both may name one PostgreSQL database (design, section 1); a SQLite file belongs to one process.
    reconciler_url = ledger_url if kind == "postgresql" else databases.empty(kind)
    environment = {"LEDGER_DATABASE_URL": ledger_url, "RECONCILER_DATABASE_URL": reconciler_url}
    with running_stack(
        tmp_path, sandbox_arguments=(*QUICK_QUOTA, "--seed", "20261122", *TROUBLE), environment=environment
    ) as stack:
        stack.sandbox.client.create("mixed", SESSIONS)
        stack.sandbox.client.wait(120)
        wait_until(lambda: equals_the_bill(stack), 240, "the book does not come to equal the bill")
        bill = stack.sandbox.client.bill()
        assert session_drifts(stack, bill["sessions"]) == {}
        assert message_drifts(stack, bill["messages"]) == {}
        assert stack.total() == Decimal(bill["total"])
