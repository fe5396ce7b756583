"""Writers whose transactions a test holds open, on PostgreSQL, where ids become readable out of their order."""

from sqlalchemy import Connection, insert

from services.ledger import tables
from services.ledger.store.book_lock import lock_book
from tests.support.ledger_facts import at


class Writer:
    """A write of its own that appends entries as the book does, and ends when the test says."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        lock_book(connection, is_alone=False)

    def append(self, billing_id: int) -> int:
        values = {
            "billing_id": billing_id,
            "kind": "adjustment",
            "amount_nanos": 0,
            "cost_after_nanos": 0,
            "source": "test",
            "posted_at": at(0),
        }
        table = tables.billing_entries
        entry_id: int = self._connection.execute(insert(table).returning(table.c.id), values).scalar_one()
        return entry_id

    def commit(self) -> None:
        self._connection.commit()

    def give_up(self) -> None:
        self._connection.rollback()
