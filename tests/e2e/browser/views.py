"""The views of a running system, by the addresses that lead to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.sandbox_calls import held_call
from tests.support.stack import Stack


@dataclass(frozen=True, slots=True)
class View:
    """Where a view is found (whatever it needs is made to happen), and the status that it is answered with."""

    path: Callable[[Stack], str]
    status: int = 200


def _at(path: str) -> Callable[[Stack], str]:
    return lambda _: path


def _exact(kind: str, folder: str) -> Callable[[Stack], str]:
    """The page of the dearest exact record of a kind."""

    def path(stack: Stack) -> str:
        records = stack.get("/api/billing/records", recordType=kind, status="exact", sort="-cost")["records"]
        return f"/billing/{folder}/{records[0]['id']}"

    return path


def _estimated_call(stack: Stack) -> str:
    held = held_call(stack)
    held.announce_and_wait()
    return f"/billing/calls/{held.leg_ids[0]}"


def _witnesses(stack: Stack) -> str:
    """Of the dearest exact call."""
    records = stack.get("/api/billing/records", recordType="call", status="exact", sort="-cost")["records"]
    session_id = stack.get(f"/api/billing/calls/{records[0]['id']}")["callSessionId"]
    return f"/billing/sessions/{session_id}/witnesses?askTelnyx=true"


def _audit(stack: Stack) -> str:
    """After Telnyx was asked: a page waits only so long for that."""
    stack.get("/api/billing/audit")
    return "/billing/audit"


VIEWS: Mapping[str, View] = {
    "overview": View(_at("/billing?limit=10")),
    "no match": View(_at("/billing?text=nothing-has-this-in-it&status=exact")),
    "bad filter": View(_at("/billing?from=yesterday"), 400),
    "exact call": View(_exact("call", "calls")),
    "estimated call": View(_estimated_call),
    "message": View(_exact("sms", "charges/sms")),
    "other charge": View(_exact("other", "charges/other")),
    "audit": View(_audit),
    "bad audit": View(_at("/billing/audit?from=2020-01-01"), 400),
    "statement": View(_at("/billing/statement")),
    "witnesses": View(_witnesses),
    "unknown call": View(_at("/billing/calls/v3:nobody-knows-this"), 404),
    "unknown message": View(_at("/billing/charges/sms/nobody-knows-this"), 404),
    "unknown session": View(_at("/billing/sessions/nobody-knows-this/witnesses"), 404),
    "unknown page": View(_at("/billing/nothing/here"), 404),
}
