"""A rollout: who may work on tables that a newer version has changed, and who waits for whom."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from services.common import upgrade
from services.common.database import Database, open_database
from services.common.errors import Unavailable
from services.common.migrations import migrate, newest_revision
from services.common.process import StartError
from services.common.schema import Schema, read_schema
from services.ledger.__main__ import MIGRATIONS as LEDGER
from services.ledger.intake.intake import MIGRATIONS as INTAKE
from services.reconciler.migrations import SCRIPT_LOCATION as RECONCILER
from tests.support.databases import Databases
from tests.support.next_migrations import add_migration, read_shape, with_next

VERSION_TABLE = "toll_version"
_ENVIRONMENT = """
from sqlalchemy import MetaData
from services.common.upgrade import run_environment
run_environment(MetaData())
"""
MADE = 'op.create_table("toll", sa.Column("id", sa.Integer, primary_key=True))'
ADDED = 'op.add_column("toll", sa.Column("note", sa.String(20)))'
RENAMED = 'op.alter_column("toll", "id", new_column_name="toll_id")'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The migrations that the old version knows."""
    folder = tmp_path / "old"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(_ENVIRONMENT)
    add_migration(folder, "0001", None, MADE)
    return folder


@pytest.fixture
def adding(old: Path, tmp_path: Path) -> Path:
    """Those of a new version that only adds, and says so."""
    return with_next(old, tmp_path, ADDED, runs_from="0001")


@pytest.fixture
def changing(old: Path, tmp_path: Path) -> Path:
    """Those of a new version beside which the old one cannot work."""
    return with_next(old, tmp_path, RENAMED)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    created = databases.empty("postgresql")
    yield created
    databases.drop(created)


@pytest.fixture
def others(url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes on one PostgreSQL."""
    one, other = open_database(url), open_database(url)
    yield one, other
    one.close()
    other.close()


def pay(connection: Connection) -> None:
    connection.execute(text("INSERT INTO toll (id) SELECT count(*) + 1 FROM toll"))


def count(connection: Connection) -> int:
    paid: int = connection.execute(text("SELECT count(*) FROM toll")).scalar_one()
    return paid


def test_an_older_version_starts_on_tables_that_were_only_added_to(
    database: Database, old: Path, adding: Path
) -> None:
    migrate(database, old, VERSION_TABLE)
    migrate(database, adding, VERSION_TABLE)
    assert database.read(lambda connection: read_schema(connection, VERSION_TABLE)) == Schema("0002", "0001")
    migrate(database, old, VERSION_TABLE)
    database.write(pay)
    assert database.read(count) == 1


def test_an_older_version_refuses_tables_that_were_changed(
    database: Database, old: Path, changing: Path
) -> None:
    migrate(database, old, VERSION_TABLE)
    migrate(database, changing, VERSION_TABLE)
    with pytest.raises(StartError, match=r"another version of Tollbook.*Start the newer version"):
        migrate(database, old, VERSION_TABLE)


def test_what_an_earlier_step_changed_a_later_one_does_not_allow_again(
    database: Database, old: Path, changing: Path, tmp_path: Path
) -> None:
    later = with_next(changing, tmp_path, ADDED, runs_from="0001")
    migrate(database, old, VERSION_TABLE)
    migrate(database, later, VERSION_TABLE)
    with pytest.raises(StartError, match="another version of Tollbook"):
        migrate(database, old, VERSION_TABLE)
    migrate(database, changing, VERSION_TABLE)


def test_a_database_of_a_version_that_did_not_say_it_is_for_that_version_alone(
    database: Database, old: Path, adding: Path
) -> None:
    migrate(database, adding, VERSION_TABLE)
    database.write(
        lambda connection: connection.execute(text(f"ALTER TABLE {VERSION_TABLE} DROP COLUMN runs_from"))
    )
    with pytest.raises(StartError, match="another version of Tollbook"):
        migrate(database, old, VERSION_TABLE)
    migrate(database, adding, VERSION_TABLE)


def test_the_old_goes_on_while_the_new_adds(
    others: tuple[Database, Database], old: Path, adding: Path
) -> None:
    one, other = others
    migrate(one, old, VERSION_TABLE)
    one.write(pay)
    migrate(other, adding, VERSION_TABLE)
    one.write(pay)
    other.write(pay)
    assert one.read(count) == other.read(count) == 3


def test_the_new_changes_nothing_under_the_old(
    others: tuple[Database, Database], old: Path, changing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "_WAIT_S", 1)
    one, other = others
    migrate(one, old, VERSION_TABLE)
    one.write(pay)
    with pytest.raises(StartError, match="an older Tollbook is at work"):
        migrate(other, changing, VERSION_TABLE)
    one.write(pay)
    assert one.read(count) == 2


def test_the_new_waits_until_the_old_has_gone(
    others: tuple[Database, Database], url: str, old: Path, changing: Path
) -> None:
    one, other = others
    migrate(one, old, VERSION_TABLE)
    one.write(pay)
    one.close()
    migrate(other, changing, VERSION_TABLE)
    late = open_database(url)
    with pytest.raises(StartError, match="another version of Tollbook"):
        migrate(late, old, VERSION_TABLE)
    late.close()
    assert other.read(count) == 1


def test_an_old_process_that_was_cut_off_meanwhile_writes_no_more(
    others: tuple[Database, Database], old: Path, changing: Path
) -> None:
    one, other = others
    migrate(one, old, VERSION_TABLE)
    one.write(pay)
    one.writer.dispose()
    migrate(other, changing, VERSION_TABLE)
    with pytest.raises(Unavailable, match="replace it"):
        one.write(pay)
    assert other.read(count) == 1


def test_a_migration_gives_way_to_who_reads_and_is_tried_again(
    others: tuple[Database, Database], old: Path, adding: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a whole table holds up all who come after: so it waits for a moment only, again and again."""
    monkeypatch.setattr(upgrade, "_TABLE_WAIT_S", 1)
    one, other = others
    migrate(one, old, VERSION_TABLE)
    waits: list[float] = []

    def let_go(seconds: float) -> None:
        reading.rollback()
        waits.append(seconds)

    monkeypatch.setattr(time, "sleep", let_go)
    with one.reader.connect() as reading:
        count(reading)
        migrate(other, adding, VERSION_TABLE)
    assert waits


@pytest.mark.parametrize("script_location", [LEDGER, INTAKE, RECONCILER], ids=["ledger", "intake", "jobs"])
def test_a_migration_beside_which_older_versions_work_only_adds(script_location: Path, url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location))
    scripts = ScriptDirectory.from_config(config)
    database = open_database(url)
    for name in sorted(script.revision for script in scripts.walk_revisions()):
        runs_from = getattr(scripts.get_revision(name).module, "runs_from", name)
        before = database.read(read_shape)
        migrate(database, script_location, VERSION_TABLE, revision=name)
        if runs_from < name:
            assert before.losses(database.read(read_shape)) == [], f"{name} does more than add"
    assert name == newest_revision(script_location)
    database.close()


def test_more_than_adding_is_seen(database: Database, old: Path, adding: Path, changing: Path) -> None:
    shapes = [database.read(read_shape)]
    for folder in (old, adding):
        migrate(database, folder, VERSION_TABLE)
        shapes.append(database.read(read_shape))
    database.write(
        lambda connection: connection.execute(
            text("ALTER TABLE toll ADD COLUMN must INTEGER NOT NULL DEFAULT 1")
        )
    )
    database.write(lambda connection: connection.execute(text("ALTER TABLE toll RENAME note TO remark")))
    shapes.append(database.read(read_shape))
    none, made, added, renamed = shapes
    assert none.losses(made) == made.losses(added) == []
    assert added.losses(renamed) == ["toll.note"]
    assert renamed.losses(made) == ["toll.must", "toll.remark"]
    assert made.losses(none) == ["toll", VERSION_TABLE]
