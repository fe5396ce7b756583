"""How far the book of a stack is from the sandbox's bill: in all, and by session and message."""

from decimal import Decimal
from typing import Any

import httpx

from services.common.exact_json import decode_json
from tests.support.stack import Stack

Drift = tuple[Any, Decimal | None, str]
"""(kind of session, what the book has, what the bill has)"""


def equals_the_bill(stack: Stack) -> bool:
    """Whether the totals are equal, nothing is estimated any more, and the bill is final."""
    bill = stack.sandbox.client.bill()
    return not bill["pending"] and stack.total() == Decimal(bill["total"]) and stack.estimated_count() == 0


def session_drifts(stack: Stack, sessions: dict[str, dict[str, str]]) -> dict[str, Drift]:
    """The sessions of a bill that the book has at another cost, by their ids."""
    differences: dict[str, Drift] = {}
    for session_id, true in sessions.items():
        response = stack.http.get(f"/api/billing/sessions/{session_id}")
        if response.status_code == httpx.codes.NOT_FOUND:
            # Every webhook of it was lost and it has no record: nobody can know that it ever was.
            booked = Decimal(0)
        else:
            booked = Decimal(decode_json(response.raise_for_status().content)["cost"])
        if booked != Decimal(true["cost"]):
            differences[session_id] = (true["kind"], booked, true["cost"])
    return differences


def message_drifts(stack: Stack, messages: dict[str, str]) -> dict[str, Drift]:
    """The messages of a bill that the book has at another cost, or not at all, by their ids."""
    booked = {record["id"]: Decimal(record["cost"]) for record in stack.records(recordType="sms")}
    return {
        message_id: ("message", booked.get(message_id), cost)
        for message_id, cost in messages.items()
        if booked.get(message_id) != Decimal(cost)
    }
