"""A book lives through whatever can happen to it, step by step: facts of every kind, repetition, dying processes."""

from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from services.ledger import tables
from services.ledger.store.book import Book
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.contract.ledger.arbitrary_facts import (
    CountedSweep,
    events,
    message_events,
    message_records,
    records,
    sweeps,
    usage,
)
from tests.support.databases import DatabaseKind, Databases
from tests.support.dying_database import Killed, dying
from tests.support.ledger_books import Fact, Usage, all_rows, empty_all_tables, open_book, record_batch
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents

EXAMPLES = 20
STEPS = 25
SHARDS = range(3)

_batches_of_events = st.lists(st.one_of(events(), events(), message_events()), min_size=1, max_size=4)
_batches_of_records = st.lists(st.one_of(records(), records(), message_records()), min_size=1, max_size=4)


class LifeOfABook(RuleBasedStateMachine):
    """What was told so far, beside the book that was told it."""

    book: Book

    @initialize()
    def begin(self) -> None:
        empty_all_tables(self.book.database)
        self.told: list[list[Fact]] = []
        self.journal: list[Any] = []
        self.settled: dict[int, Any] = {}

    @rule(batch=_batches_of_events)
    def webhooks(self, batch: list[Fact]) -> None:
        self._tell(batch)

    @rule(batch=_batches_of_records)
    def detail_records(self, batch: list[Fact]) -> None:
        self._tell(batch)

    @rule(counted=sweeps())
    def sweep(self, counted: CountedSweep) -> None:
        self._tell([counted.counted(self._records())])

    @rule(answer=usage())
    def usage_report(self, answer: Usage) -> None:
        self._tell([answer])

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def the_same_again(self, data: st.DataObject) -> None:
        """Not one row of any table may change."""
        before = all_rows(self.book.database)
        record_batch(self.book, data.draw(st.sampled_from(self.told)))
        after = all_rows(self.book.database)
        # A record that is seen again was seen until now; and that is all.
        del before["record_observations"], after["record_observations"]
        assert after == before

    @rule(batch=_batches_of_records, transactions=st.integers(1, 3), dies_inside=st.booleans())
    def a_process_dies(self, batch: list[Fact], transactions: int, dies_inside: bool) -> None:
        """Nobody was told that the facts are kept, so they come again, to the next process."""
        try:
            record_batch(dying(self.book, transactions, dies_inside=dies_inside), batch)
        except Killed:
            self.book.apply_sweeps()
        self._tell(batch)

    @invariant()
    def entries_are_only_added(self) -> None:
        entries = self._rows(tables.billing_entries)
        assert entries[: len(self.journal)] == self.journal
        self.journal = entries

    @invariant()
    def settled_is_for_ever(self) -> None:
        settled = {row.id: row.settled_at for row in self._rows(tables.billing) if row.settled_at is not None}
        assert self.settled.items() <= settled.items()
        self.settled = settled

    @invariant()
    def every_row_follows_from_the_facts(self) -> None:
        assert_book_is_consistent(self.book)

    def teardown(self) -> None:
        facts = [fact for batch in self.told for fact in batch]
        found, wanted = book_contents(self.book.database), expected_contents(facts, self.book.rules)
        assert differences(found, wanted) == []

    def _tell(self, batch: list[Fact]) -> None:
        record_batch(self.book, batch)
        self.told.append(batch)

    def _records(self) -> list[DetailRecord]:
        return [fact for batch in self.told for fact in batch if isinstance(fact, DetailRecord)]

    def _rows(self, table: Any) -> list[Any]:
        query = select(table).order_by(table.c.id)
        return list(self.book.database.read(lambda connection: connection.execute(query).all()))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shard", SHARDS)
def test_a_book_lives_through_it(databases: Databases, database_kind: DatabaseKind, shard: int) -> None:
    with open_book(databases, database_kind) as (opened, _clock):
        machine = seed(shard)(type("Life", (LifeOfABook,), {"book": opened}))
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
