"""What a start asks of migrations when there is nothing to migrate."""

import sys
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from services.common.database import open_database
from services.common.migrations import migrate, newest_revision
from services.ledger.__main__ import MIGRATIONS
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE


@pytest.mark.parametrize("script_location", [MIGRATIONS, SCRIPT_LOCATION], ids=["ledger", "reconciler"])
def test_the_files_name_the_revision_that_alembic_would_end_at(script_location: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(script_location))
    assert newest_revision(script_location) == ScriptDirectory.from_config(config).get_current_head()


def test_a_database_of_today_is_opened_without_alembic(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(database_url)
    migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "services.common.upgrade", None)
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
        with pytest.raises(ImportError):
            migrate(database, SCRIPT_LOCATION, "another_version_table")
    database.close()
