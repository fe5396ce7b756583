"""The book of a sandbox account: empty at every start, apart from the real one, never taken from a running copy."""

from pathlib import Path

import pytest

from services.cli.sandbox_account import sandbox_databases, unlink_sandbox_books
from services.cli.settings import RunSettings
from services.common.process import StartError
from services.common.sqlite import FileLock

_FILES = (
    *("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.intake", "ledger.db.intake-wal"),
    "reconciler.db",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the book of an earlier sandbox account, and a real book beside it."""
    monkeypatch.chdir(tmp_path)
    for variable in ("LEDGER_DATABASE_URL", "RECONCILER_DATABASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    sandbox = tmp_path / "var" / "sandbox"
    sandbox.mkdir(parents=True)
    for path in (*(sandbox / name for name in _FILES), tmp_path / "var" / "ledger.db"):
        path.write_text("a book")
    return tmp_path


def test_the_sandbox_gets_an_empty_book_of_its_own(folder: Path) -> None:
    assert sandbox_databases(RunSettings()) == {
        "LEDGER_DATABASE_URL": "sqlite:///var/sandbox/ledger.db",
        "RECONCILER_DATABASE_URL": "sqlite:///var/sandbox/reconciler.db",
    }
    assert not any((folder / "var" / "sandbox" / name).exists() for name in _FILES)
    assert (folder / "var" / "ledger.db").read_text() == "a book"


def test_a_database_that_is_named_is_left_alone(folder: Path) -> None:
    settings = RunSettings(ledger_database_url="sqlite:///var/sandbox/ledger.db")
    assert set(sandbox_databases(settings)) == {"RECONCILER_DATABASE_URL"}
    assert (folder / "var" / "sandbox" / "ledger.db").read_text() == "a book"


def test_the_book_of_a_running_copy_is_not_touched(folder: Path) -> None:
    book = folder / "var" / "sandbox" / "ledger.db"
    running_copy = FileLock(book, wait_s=0)
    try:
        with pytest.raises(StartError, match="LEDGER_DATABASE_URL"):
            sandbox_databases(RunSettings())
    finally:
        running_copy.release()
    assert book.read_text() == "a book"


def test_queries_at_the_default_places_find_the_sandboxs_book_while_it_runs(folder: Path) -> None:
    sandbox_databases(RunSettings())
    default = folder / "var" / "reconciler.db"
    assert default.readlink() == Path("sandbox/reconciler.db")
    unlink_sandbox_books()
    assert not default.is_symlink()


def test_a_real_book_at_a_default_place_is_neither_replaced_nor_removed(folder: Path) -> None:
    sandbox_databases(RunSettings())
    unlink_sandbox_books()
    assert (folder / "var" / "ledger.db").read_text() == "a book"
