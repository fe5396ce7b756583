"""The promise itself: whatever goes wrong on the way, the book ends equal to Telnyx's bill, to the nano."""

from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.support.databases import DATABASE_KINDS, DatabaseKind, Databases
from tests.support.stack import QUICK_QUOTA, Stack, running_stack
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
        wait_until(lambda: _is_settled(stack), 240, "the book does not come to equal the bill")
        bill = stack.sandbox.client.bill()
        _assert_sessions_equal(stack, bill["sessions"])
        _assert_messages_equal(stack, bill["messages"])
        assert stack.total() == Decimal(bill["total"])


def _is_settled(stack: Stack) -> bool:
    bill = stack.sandbox.client.bill()
    return not bill["pending"] and stack.total() == Decimal(bill["total"]) and stack.estimated_count() == 0


def _assert_sessions_equal(stack: Stack, sessions: dict[str, dict[str, str]]) -> None:
    differences = {}
    for session_id, true in sessions.items():
        response = stack.http.get(f"/api/billing/sessions/{session_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            # Every webhook of it was lost and it has no record: nobody can know that it ever was.
            booked = Decimal(0)
        else:
            booked = Decimal(stack.get(f"/api/billing/sessions/{session_id}")["cost"])
        if booked != Decimal(true["cost"]):
            differences[session_id] = (true["kind"], booked, true["cost"])
    assert differences == {}


def _assert_messages_equal(stack: Stack, messages: dict[str, str]) -> None:
    booked = {record["id"]: Decimal(record["cost"]) for record in stack.records(recordType="sms")}
    true = {message_id: Decimal(cost) for message_id, cost in messages.items()}
    assert {key: booked.get(key) for key in true} == true
