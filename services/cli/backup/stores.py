"""The SQLite databases of a Tollbook: the book, its intake beside it, and the reconciler's."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, get_args

import sqlalchemy.exc
from sqlalchemy.engine import make_url

from services.cli.settings import BackupSettings
from services.common.errors import InvalidInput
from services.common.migrations import newest_revision

StoreKind = Literal["reconciler", "intake", "book"]

COPY_ORDER: Final[tuple[StoreKind, ...]] = get_args(StoreKind)
"""An event leaves the intake once it is booked, so whoever copies the book last has it in one of the two. What the
reconciler knows comes from the book: its copy is the oldest, and claims nothing that the copy of the book lacks."""

INTAKE_SUFFIX: Final = ".intake"

_SCHEMAS: Final[dict[StoreKind, tuple[str, str]]] = {
    "book": ("ledger_schema_version", "services.ledger.migrations"),
    "intake": ("ledger_intake_schema_version", "services.ledger.intake.migrations"),
    "reconciler": ("reconciler_schema_version", "services.reconciler.migrations"),
}


@dataclass(frozen=True, slots=True)
class Store:
    """One database file. `path` is the file itself, not a link to it."""

    kind: StoreKind
    path: Path

    @property
    def version_table(self) -> str:
        """Where Alembic keeps the revision of its tables."""
        return _SCHEMAS[self.kind][0]

    @property
    def backup_name(self) -> str:
        """What its copy is called in the folder of a backup."""
        return f"{self.kind}.db"


def stores_of(settings: BackupSettings) -> list[Store]:
    """The databases that the settings name, in COPY_ORDER; without the reconciler's where that is in PostgreSQL.

    Raises InvalidInput where the book is in PostgreSQL, or a URL names no file.
    """
    book = _file_of(settings.ledger_database_url, "LEDGER_DATABASE_URL")
    if book is None:
        raise InvalidInput(
            "LEDGER_DATABASE_URL: the book is in PostgreSQL, which has backups of its own: "
            "pg_dump and pg_restore, as docs/backup.md says",
            field="LEDGER_DATABASE_URL",
        )
    jobs = _file_of(settings.reconciler_database_url, "RECONCILER_DATABASE_URL")
    paths: dict[StoreKind, Path | None] = {
        "reconciler": jobs,
        "intake": book.with_name(book.name + INTAKE_SUFFIX),
        "book": book,
    }
    return [Store(kind, path) for kind in COPY_ORDER if (path := paths[kind]) is not None]


def owners(stores: Sequence[Store]) -> list[Store]:
    """Those whose lock a process holds while it uses them: the intake belongs to whoever has the book."""
    return [store for store in stores if store.kind != "intake"]


def newest_schema(kind: StoreKind) -> str:
    """The newest revision of a database's tables that this Tollbook knows."""
    package = _SCHEMAS[kind][1]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise AssertionError(f"{package} is a part of every installation")
    return newest_revision(Path(spec.submodule_search_locations[0]))


def _file_of(url: str, variable: str) -> Path | None:
    try:
        parsed = make_url(url)
    except sqlalchemy.exc.ArgumentError:
        raise InvalidInput(f"{variable}: this database URL cannot be read", field=variable) from None
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database.startswith((":", "file:")):
        raise InvalidInput(f"{variable}: a SQLite URL must name a file", field=variable)
    return Path(parsed.database).resolve()
