"""Processes that die at a chosen moment of their writing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from sqlalchemy import Connection

from services.common.database import Database
from services.ledger.store.book import Book

Result = TypeVar("Result")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class DyingDatabase:
    """A database whose process dies instead of beginning its last transaction, or instead of committing it."""

    database: Database
    transactions_left: int
    dies_inside: bool = False

    def write(self, work: Callable[[Connection], Result]) -> Result:
        self.transactions_left -= 1
        if self.transactions_left > 0:
            return self.database.write(work)
        if not self.dies_inside:
            raise Killed
        return self.database.write(self._die_after(work))

    def read(self, work: Callable[[Connection], Result]) -> Result:
        return self.database.read(work)

    def _die_after(self, work: Callable[[Connection], Result]) -> Callable[[Connection], Result]:
        def attempt(connection: Connection) -> Result:
            work(connection)
            raise Killed

        return attempt


def dying(book: Book, transactions_left: int, *, dies_inside: bool = False) -> Book:
    """The same book in a process that raises Killed at its last transaction."""
    database = DyingDatabase(book.database, transactions_left, dies_inside)
    return replace(book, database=cast(Database, database))
