"""Which files are backed up, in which order, and at which revision."""

from pathlib import Path

import pytest

from services.cli.backup.stores import INTAKE_SUFFIX, Store, StoreKind, newest_schema, owners, stores_of
from services.cli.settings import BackupSettings
from services.common.errors import InvalidInput
from services.common.migrations import newest_revision
from services.ledger.__main__ import MIGRATIONS, VERSION_TABLE
from services.ledger.intake import intake
from services.reconciler import migrations

_POSTGRESQL = "postgresql://tollbook:not-a-secret@db.example/tollbook"


def _settings(
    ledger: str = "sqlite:////srv/ledger.db", reconciler: str = "sqlite:////srv/jobs.db"
) -> BackupSettings:
    return BackupSettings(ledger_database_url=ledger, reconciler_database_url=reconciler)


def test_the_book_is_copied_last_and_the_intake_before_it() -> None:
    stores = stores_of(_settings())
    assert [(store.kind, str(store.path)) for store in stores] == [
        ("reconciler", "/srv/jobs.db"),
        ("intake", "/srv/ledger.db.intake"),
        ("book", "/srv/ledger.db"),
    ]
    assert [store.kind for store in owners(stores)] == ["reconciler", "book"]


def test_a_link_leads_to_the_files_themselves(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "book.db").touch()
    (tmp_path / "ledger.db").symlink_to("real/book.db")
    paths = {store.kind: store.path for store in stores_of(_settings(f"sqlite:///{tmp_path}/ledger.db"))}
    assert paths["book"] == tmp_path / "real" / "book.db"
    assert paths["intake"] == tmp_path / "real" / "book.db.intake"


def test_a_book_in_postgresql_has_backups_of_its_own() -> None:
    with pytest.raises(InvalidInput, match="pg_dump") as caught:
        stores_of(_settings(_POSTGRESQL))
    assert "not-a-secret" not in str(caught.value)


def test_jobs_in_postgresql_are_left_out() -> None:
    assert [store.kind for store in stores_of(_settings(reconciler=_POSTGRESQL))] == ["intake", "book"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:book?mode=ro", "a book"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="RECONCILER_DATABASE_URL"):
        stores_of(_settings(reconciler=url))


@pytest.mark.parametrize(
    ("kind", "scripts", "version_table"),
    [
        ("book", MIGRATIONS, VERSION_TABLE),
        ("intake", intake.MIGRATIONS, intake.VERSION_TABLE),
        ("reconciler", migrations.SCRIPT_LOCATION, migrations.VERSION_TABLE),
    ],
)
def test_revisions_are_those_of_the_services(kind: StoreKind, scripts: Path, version_table: str) -> None:
    assert newest_schema(kind) == newest_revision(scripts)
    assert Store(kind, Path("/srv/any.db")).version_table == version_table


def test_the_intake_is_where_the_ledger_has_it() -> None:
    assert INTAKE_SUFFIX == intake.FILE_SUFFIX
