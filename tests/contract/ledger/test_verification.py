"""Verification: nothing is found in a sound book, and whatever is changed behind its back is."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, update

from services.common.errors import InvalidInput, Unavailable
from services.ledger import sealing, tables, verification
from services.ledger.findings import Finding, Verified
from services.ledger.store.blocks import load_head
from services.ledger.store.book import Book
from services.ledger.store.recorded_sweeps import add_sweep
from services.ledger.verification import Verifier
from tests.contract.ledger.test_sealing import seal_now
from tests.support.clocks import ManualClock
from tests.support.databases import Databases
from tests.support.ledger_books import DAY_S, Fact, open_book, record_all, sweep
from tests.support.ledger_consistency import assert_book_is_consistent, verified
from tests.support.ledger_facts import LegIds, at, leg, message, message_record, record

CUSTOMER, AGENT, OPEN = leg("customer"), leg("agent"), leg("open", "other session")
FACTS: list[Fact] = [
    CUSTOMER.event("call.answered", 5),
    CUSTOMER.hangup(65),
    AGENT.hangup(64),
    CUSTOMER.call_cost(70, {"sip-trunking": "0.01", "call-control": "0.004"}),
    CUSTOMER.record("sip-trunking", "0.012"),
    CUSTOMER.record("sip-trunking", "0.013", record_id="twin", observed_s=300),
    LegIds(CUSTOMER.session_id, leg_id=CUSTOMER.leg_id).record("call-control", "0.004"),
    CUSTOMER.record("recording", "0.002"),
    OPEN.hangup(60),
    message("one", total="0.0051"),
    message_record("one"),
    record("inference", "0.3"),
]


@pytest.fixture
def sealed(book: Book, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Book:
    """A book of several blocks, with charges that were estimated, settled and adjusted."""
    monkeypatch.setattr(sealing, "MAX_BLOCK_ENTRIES", 3)
    for fact in FACTS:
        clock.advance(1)
        record_all(book, [fact])
    seal_now(book)
    return book


def told(book: Book, expected_head: str = "") -> list[str]:
    findings, _ = verified(book, expected_head)
    return [f"{found.stage}, {found.subject}: {found.message}" for found in findings]


def head_of(book: Book) -> str:
    return book.database.read(load_head).text


def rows_of(book: Book, table: Table) -> Sequence[Any]:
    query = select(table).order_by(*table.primary_key)
    return book.database.read(lambda connection: connection.execute(query).all())


@contextmanager
def spoilt(book: Book, table: Table, *statements: Any) -> Iterator[None]:
    """The table changed behind the book's back, and then as it was."""
    kept = [
        {column.name: row._mapping[column.name] for column in table.columns if column.computed is None}
        for row in rows_of(book, table)
    ]

    def restore(connection: Connection) -> None:
        connection.execute(delete(table))
        connection.execute(insert(table), kept)

    def spoil(connection: Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    book.database.write(spoil)
    try:
        yield
    finally:
        book.database.write(restore)


def test_a_sound_book_has_no_findings(sealed: Book) -> None:
    findings, result = verified(sealed, head_of(sealed))
    assert findings == []
    assert result == Verified(
        fact_count=result.fact_count,
        charge_count=len(rows_of(sealed, tables.billing)),
        entry_count=len(rows_of(sealed, tables.billing_entries)),
        block_count=len(rows_of(sealed, tables.journal_blocks)),
        head=head_of(sealed),
        finding_count=0,
    )
    assert (result.charge_count, result.block_count) == (5, 4)
    assert result.fact_count == len(FACTS) + len(rows_of(sealed, tables.estimate_rates))


def test_an_empty_book_has_none_either(book: Book) -> None:
    findings, result = verified(book)
    assert (findings, result.head, result.charge_count, result.fact_count) == ([], "", 0, 0)


def test_what_is_not_sealed_yet_is_no_finding(sealed: Book) -> None:
    record_all(sealed, [leg("late", "late").hangup()])
    assert told(sealed) == []


def test_each_stage_tells_how_far_it_is(sealed: Book) -> None:
    async def progress() -> dict[str, tuple[int, int]]:
        last: dict[str, tuple[int, int]] = {}
        async with aclosing(Verifier(sealed.database, sealed.clock).verify(sealed.rules, "")) as items:
            async for item in items:
                if not isinstance(item, Finding | Verified):
                    last[item.stage] = (item.done_count, item.total_count)
        return last

    entries = len(rows_of(sealed, tables.billing_entries))
    days = len({row.day for row in rows_of(sealed, tables.day_rollups)})
    assert asyncio.run(progress()) == {"charges": (5, 5), "sums": (days, days), "chain": (entries, entries)}


_TIMES_OF_WRITING = {"id", "created_at", "updated_at"}
_UNPROVEN = {
    "telnyx_billing": {"updated_at"},
    "billing_parts": {"id"},
    "billing_entries": set(),
    "journal_blocks": set(),
    "telnyx_calls": _TIMES_OF_WRITING,
    "detail_records": {"id"},
    "open_items": {"id", "changed_at"},
    "number_rollups": {"slot"},
    "part_rollups": {"slot"},
    "day_rollups": {"slot"},
    "record_rollups": {"slot"},
    # How an event was delivered, what is told of its faults, and raw texts, which may go.
    "events": {"id", "received_at", "is_quarantined", "fault", "is_unreadable", "raw"},
    "record_observations": {"id", "first_observed_at", "last_observed_at", "raw"},
}
"""Columns on which nothing rests, by table."""

_MAY_GO = {"journal_blocks", "events", "record_observations"}
"""Tables of which a row may be gone unseen: the last block of a chain, and a fact that decides nothing."""


@pytest.mark.parametrize("name", _UNPROVEN)
def test_any_field_that_is_changed_is_found(sealed: Book, name: str) -> None:
    table = tables.metadata.tables[name]
    rows = rows_of(sealed, table)
    missed = []
    # The first and the last: one that is settled, one that is open.
    for row in (rows[0], rows[-1]):
        where = [column == row._mapping[column.name] for column in table.primary_key]
        for column in table.columns:
            if column.name in _UNPROVEN[name] or column.computed is not None:
                continue
            changed = {column.name: _another(row._mapping[column.name], column.name)}
            with spoilt(sealed, table, update(table).where(*where).values(changed)):
                if not told(sealed):
                    missed.append(f"{column.name}: {row._mapping[column.name]!r}")
    assert missed == []
    assert told(sealed) == []


_OTHERS: dict[type, Callable[[Any], Any]] = {
    bool: lambda value: not value,
    int: lambda value: value + 1_000,
    str: lambda value: f"{value}x",
    bytes: lambda value: bytes([value[0] ^ 1]) + value[1:],
    datetime: lambda value: value + timedelta(seconds=1),
    date: lambda value: value + timedelta(days=400),
    list: lambda value: [*value, "x"],
    dict: lambda value: {**value, "x": 1},
}


def _another(value: Any, column: str) -> Any:
    """Another value of the same kind."""
    if value is not None:
        return _OTHERS[type(value)](value)
    if column.endswith(("_at", "_time")):
        return at(0)
    return "x" if column == "merged_into" else 7


@pytest.mark.parametrize("name", [name for name in _UNPROVEN if name not in _MAY_GO])
def test_a_row_that_is_gone_is_found(sealed: Book, name: str) -> None:
    table = tables.metadata.tables[name]
    for row in rows_of(sealed, table):
        where = [column == row._mapping[column.name] for column in table.primary_key]
        with spoilt(sealed, table, delete(table).where(*where)):
            assert told(sealed), row


def test_rates_of_estimates_are_part_of_what_is_proven(sealed: Book) -> None:
    table = tables.estimate_rates
    of_open = table.c.call_id == OPEN.call_control_id
    with spoilt(sealed, table, delete(table).where(of_open)):
        [finding] = told(sealed)
        assert finding.endswith("the rate of its estimate is not kept")
    with spoilt(sealed, table, update(table).where(of_open).values(nanos_per_minute=1)):
        assert any(
            "is booked with 0.015 USD, and the facts come to 0.000000001" in text for text in told(sealed)
        )


def test_a_tampered_amount_is_told_with_what_the_facts_come_to(sealed: Book) -> None:
    table = tables.billing
    where = table.c.record_id == CUSTOMER.call_control_id
    with spoilt(sealed, table, update(table).where(where).values(cost_nanos=1)):
        findings = told(sealed)
    subject = f"charges, call {CUSTOMER.call_control_id}: "
    assert f"{subject}it is booked with 0.000000001 USD, and the facts come to 0.031" in findings
    assert f"{subject}its entries come to 0.031, and it costs 0.000000001" in findings
    assert any(
        text.startswith("sums, 2026-11-20: number_rollups, +1202***0100 call_outbound USD")
        for text in findings
    )
    assert not any("+12025550100" in text for text in findings)


def test_a_chain_that_was_made_anew_is_found_by_a_head_that_was_kept(sealed: Book) -> None:
    kept = head_of(sealed)
    table = tables.journal_blocks
    middle = rows_of(sealed, table)[1]
    with spoilt(sealed, table, delete(table)):
        clock = sealed.clock
        assert isinstance(clock, ManualClock)
        clock.advance(1)
        seal_now(sealed)
        assert told(sealed) == []
        assert told(sealed, kept) == ["chain, block 4: it is not the block whose hash was kept"]
    assert told(sealed, kept) == []
    assert told(sealed, f"{middle.number}:{bytes(middle.hash).hex()}") == []


def test_a_chain_that_was_cut_is_found_by_a_head_that_was_kept(sealed: Book) -> None:
    kept = head_of(sealed)
    table = tables.journal_blocks
    with spoilt(sealed, table, delete(table).where(table.c.number > 2)):
        assert told(sealed, kept) == [
            "chain, block 4: the head that was kept is not there: 2 is the last block"
        ]
    with spoilt(sealed, table, delete(table).where(table.c.number == 2)):
        assert "chain, block 3: the block before it is missing" in told(sealed)


def test_what_is_no_head_is_refused(book: Book) -> None:
    with pytest.raises(InvalidInput, match="a head is the number of a block") as refused:
        verified(book, "7")
    assert refused.value.field == "expected_head"


def test_of_many_findings_the_first_are_told_and_all_are_counted(
    sealed: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "MAX_FINDINGS", 2)
    with spoilt(sealed, tables.billing, update(tables.billing).values(cost_nanos=1)):
        findings, result = verified(sealed)
    assert len(findings) == 2
    assert result.finding_count > 10


def test_one_verification_at_a_time(sealed: Book) -> None:
    async def scenario() -> None:
        verifier = Verifier(sealed.database, sealed.clock)
        async with aclosing(verifier.verify(sealed.rules, "")) as first:
            await anext(first)
            with pytest.raises(Unavailable, match="being verified already"):
                await anext(verifier.verify(sealed.rules, ""))
        async with aclosing(verifier.verify(sealed.rules, "")) as third:
            await anext(third)

    asyncio.run(scenario())


def test_a_sweep_that_is_about_to_be_applied_is_waited_for(
    sealed: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the transactions of one sweep the book is sound: what it closes follows."""
    for closing in (sweep("sip-trunking", 2, 3 * DAY_S), sweep("call-control", 1, 3 * DAY_S)):
        sealed.database.write(partial(add_sweep, sweep=closing))
    # As _weigh leaves it: counted, and not yet derived.
    table = tables.sweeps
    weighed = update(table).values(held_count=table.c.total_results, is_proven=True)
    sealed.database.write(lambda connection: connection.execute(weighed))
    looks = 0

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            await asyncio.to_thread(sealed.apply_sweeps)

    monkeypatch.setattr(verification, "_pause", pause)
    assert told(sealed) == []
    assert looks == 3
    assert_book_is_consistent(sealed)


def test_a_book_that_is_written_meanwhile_has_no_findings(databases: Databases) -> None:
    with open_book(databases, "postgresql") as (book, _):

        def write(writer: int) -> None:
            for number in range(15):
                call = leg(f"{writer} {number}", f"session {number}")
                record_all(book, [call.hangup(60), call.record("sip-trunking"), call.record("call-control")])
                record_all(book, [sweep("recording", 0, 2 * DAY_S + writer * 100 + number)])

        with ThreadPoolExecutor(3) as pool:
            work = [pool.submit(write, writer) for writer in range(3)]
            found = []
            while not all(future.done() for future in work):
                found += told(book)
        for future in work:
            future.result()
        assert found == []
        assert_book_is_consistent(book)
