"""What must hold of a book that has lived through kills, held against the sandbox account and the tables themselves."""

from dataclasses import dataclass
from decimal import Decimal

from tests.benchmarks.book_truth import WrongBookError, verify_book
from tests.benchmarks.timing import tell
from tests.chaos.kills.stores import doubled_events, false_sums, intake_size, missing_events
from tests.chaos.kills.traffic import delivery_count
from tests.support.drift import message_drifts, session_drifts
from tests.support.stack import Stack


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All but the first two should be 0."""

    webhook_count: int
    """How many were sent, however often each was tried."""
    acknowledged_count: int
    """Events of which one was answered 200."""
    lost_count: int
    """Acknowledged, and not in the book."""
    unbooked_count: int
    """Requests that are still in the intake."""
    doubled_count: int
    """Events that are in the book more than once."""
    false_sum_count: int
    """Charges of which the entries do not add up to the cost."""
    finding_count: int
    """Whether verifying the book found something: 0 or 1."""
    drift_nanos: int
    """Between the totals of book and bill, whichever way."""
    drifting_count: int
    """Sessions and messages that the book has at another cost than the bill."""
    estimated_count: int
    """Charges that have not become exact."""


def find_truth(stack: Stack, ledger_url: str) -> Truth:
    """Look at everything; differences are told by their ids as well."""
    client = stack.sandbox.client
    bill, acknowledged = client.bill(), set(client.acknowledged_ids())
    drifts = session_drifts(stack, bill["sessions"]) | message_drifts(stack, bill["messages"])
    lost = missing_events(ledger_url, acknowledged)
    doubled, false = doubled_events(ledger_url), false_sums(ledger_url)
    for what, found in (
        ("lost", lost),
        ("doubled", doubled),
        ("of false sums", false),
        ("drifting", drifts.items()),
    ):
        if found:
            tell(f"  {what}: {', '.join(map(str, list(found)[:5]))}")
    return Truth(
        webhook_count=delivery_count(client),
        acknowledged_count=len(acknowledged),
        lost_count=len(lost),
        unbooked_count=intake_size(ledger_url),
        doubled_count=len(doubled),
        false_sum_count=len(false),
        finding_count=_finding_count(stack.tollbook.target("ledger")),
        drift_nanos=abs(int((stack.total() - Decimal(bill["total"])).scaleb(9))),
        drifting_count=len(drifts),
        estimated_count=stack.estimated_count(),
    )


def _finding_count(ledger_target: str) -> int:
    try:
        verify_book(ledger_target)
    except WrongBookError as error:
        tell(f"  {error}")
        return 1
    return 0
