"""What must hold of every book after every write: verification finds nothing, and no sweep is left unapplied.

Verification reads what it finds wrong from the book's own facts. That it derives rightly is shown elsewhere:
`ledger_contents` says in plain Python what facts come to.
"""

import asyncio
from contextlib import aclosing

from sqlalchemy import Connection

from services.common.database import Database
from services.ledger.findings import Finding, Verified
from services.ledger.store.book import Book
from services.ledger.store.sum_proof import prove_days, stretches_of_days
from services.ledger.store.sweep_weights import unapplied_sweeps
from services.ledger.verification import Verifier


def assert_book_is_consistent(book: Book) -> None:
    """Every charge, sum and hash is what follows from the facts and the journal."""
    findings, _ = verified(book)
    assert findings == []
    assert book.database.read(unapplied_sweeps) == [], "a sweep was left unapplied"


def verified(book: Book, expected_head: str = "") -> tuple[list[Finding], Verified]:
    """What verification tells of a book."""

    async def verify() -> tuple[list[Finding], Verified]:
        findings: list[Finding] = []
        verifier = Verifier(book.database, book.clock)
        async with aclosing(verifier.verify(book.rules, expected_head)) as items:
            async for item in items:
                if isinstance(item, Finding):
                    findings.append(item)
                elif isinstance(item, Verified):
                    return findings, item
        raise AssertionError("a verification ended without a result")

    return asyncio.run(verify())


def assert_sums(database: Database) -> None:
    """Every kept sum is the sum of what it sums, also in a book without facts."""

    def read(connection: Connection) -> list[Finding]:
        return [
            finding
            for first_day, last_day, _ in stretches_of_days(connection)
            for finding in prove_days(connection, first_day, last_day)
        ]

    assert database.read(read) == []
