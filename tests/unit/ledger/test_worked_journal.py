"""The call of docs/exactness.md, fact by fact, and that the page tells its journal as it is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.common.money import Money
from services.ledger.journal import Booked, post
from tests.unit.ledger.books import Fact, book
from tests.unit.ledger.builders import AGENT, CUSTOMER, TWIN, nanos
from tests.unit.ledger.test_worked_table import EVENTS, RECORDS

PAGE = Path(__file__).parents[3] / "docs" / "exactness.md"
NAMES = {CUSTOMER.call_control_id: "customer", AGENT.call_control_id: "agent", TWIN.call_control_id: "twin"}

TRUNK, CONTROL, AGENT_TRUNK, AGENT_CONTROL, TWIN_TRUNK, ZERO_TWIN, DETECTION, RECORDING = RECORDS
CORRECTED = replace(
    RECORDING, cost=Money("USD", nanos("0.0040")), observed_at=RECORDING.observed_at + timedelta(days=13)
)
AS_THEY_COME: tuple[tuple[Fact, ...], ...] = (
    EVENTS,
    (CONTROL,),
    (AGENT_CONTROL,),
    (ZERO_TWIN,),
    (AGENT_TRUNK,),
    (TWIN_TRUNK,),
    (DETECTION,),
    (RECORDING,),
    (TRUNK,),
    (CORRECTED,),
)


def journal(steps: Iterable[tuple[Fact, ...]]) -> list[tuple[str, str, int, int]]:
    """(leg, kind, nanos, nanos after) of each entry, those of one step in the order of the page: customer first."""
    facts: list[Fact] = []
    booked: dict[tuple[str, str, str], Booked] = {}
    lines: list[tuple[str, str, int, int]] = []
    for new in steps:
        facts += new
        for charge in sorted(book(*facts).charges, key=lambda charge: NAMES[charge.record_id] != "customer"):
            posting = post(
                booked.get(charge.key),
                charge.cost_nanos,
                charge.can_settle,
                datetime(2026, 11, 22, tzinfo=UTC),
            )
            booked[charge.key] = posting.after
            lines += [
                (NAMES[charge.record_id], entry.kind, entry.amount_nanos, entry.cost_after_nanos)
                for entry in posting.entries
            ]
    return lines


def told() -> list[tuple[str, str, int, int]]:
    """The journal as the page has it."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text().splitlines()]
    return [
        (row[0], row[1], nanos(row[2]), nanos(row[3]))
        for row in rows
        if len(row) == 4 and row[1] in {"estimate", "reversal", "exact", "adjustment"}
    ]


def test_the_page_tells_the_journal_of_its_call() -> None:
    assert told() == journal(AS_THEY_COME)


def test_its_entries_add_up_to_what_the_session_cost() -> None:
    assert sum(amount for _, _, amount, _ in told()) == nanos("0.0394")
