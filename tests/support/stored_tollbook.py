"""The SQLite databases of a Tollbook in a test's folder, opened as its processes open them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, insert, select

from services.cli.backup.stores import Store, stores_of
from services.cli.settings import BackupSettings
from services.common.database import Database, open_beside, open_database
from services.common.migrations import migrate
from services.ledger import tables
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.facts import Rules
from services.ledger.intake import intake
from services.ledger.intake.requests import read_request, request_of
from services.ledger.intake.tables import event_intake
from services.ledger.store.book import Book
from services.reconciler import migrations as reconciler_migrations
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock


@dataclass(frozen=True, slots=True)
class OpenTollbook:
    """The open databases."""

    book: Book
    intake: Database

    def take_in(self, events: Sequence[WebhookEvent]) -> None:
        """Make events durable, to be booked later."""
        row = {"request": request_of(events), "claimed_at": self.book.clock.now(), "is_refused": False}
        self.intake.write(lambda connection: connection.execute(insert(event_intake), row))

    def book_what_was_taken_in(self) -> None:
        """Book it, then forget it, as the ledger does."""
        rows = self.intake.read(
            lambda connection: connection.execute(select(event_intake.c.id, event_intake.c.request)).all()
        )
        for row_id, request in rows:
            self.book.record_events(read_request(bytes(request))[0])
            self._forget(row_id)

    def _forget(self, row_id: int) -> None:
        gone = delete(event_intake).where(event_intake.c.id == row_id)
        self.intake.write(lambda connection: connection.execute(gone))

    def event_count(self) -> int:
        """How many events the book has."""
        query = select(func.count()).select_from(tables.events)
        return self.book.database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def waiting_count(self) -> int:
        """How many requests the intake has."""
        query = select(func.count()).select_from(event_intake)
        return self.intake.read(lambda connection: int(connection.execute(query).scalar_one()))


@dataclass(frozen=True, slots=True)
class StoredTollbook:
    """A Tollbook's databases in one folder."""

    folder: Path

    @property
    def settings(self) -> BackupSettings:
        """What names them."""
        return BackupSettings(
            ledger_database_url=f"sqlite:///{self.folder}/ledger.db",
            reconciler_database_url=f"sqlite:///{self.folder}/reconciler.db",
        )

    @property
    def stores(self) -> list[Store]:
        """What a backup copies."""
        return stores_of(self.settings)

    def path(self, kind: str) -> Path:
        """Where one of them is."""
        return next(store.path for store in self.stores if store.kind == kind)

    @contextmanager
    def opened(self) -> Iterator[OpenTollbook]:
        """Open them, with their tables; nobody else may meanwhile."""
        with ExitStack() as stack:
            ledger = open_database(self.settings.ledger_database_url, lock_wait_s=0)
            stack.callback(ledger.close)
            migrate(ledger, MIGRATIONS, VERSION_TABLE)
            beside = open_beside(ledger, intake.FILE_SUFFIX)
            stack.callback(beside.close)
            migrate(beside, intake.MIGRATIONS, intake.VERSION_TABLE)
            jobs = open_database(self.settings.reconciler_database_url, lock_wait_s=0)
            stack.callback(jobs.close)
            migrate(jobs, reconciler_migrations.SCRIPT_LOCATION, reconciler_migrations.VERSION_TABLE)
            yield OpenTollbook(Book(ledger, ManualClock(), Rules()), beside)
