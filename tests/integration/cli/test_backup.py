"""Backups are made beside running processes: whole, checked, and readable by nobody else."""

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.backup.making import make_backup
from services.cli.backup.manifest import Manifest
from services.cli.backup.restoring import load_manifest
from services.common.errors import InvalidInput, NotFound, Unavailable
from services.common.sqlite import choose_sqlite_module, restoring_mark
from services.ledger.sealing import Sealer
from services.ledger.store.blocks import load_head
from tests.support.clocks import ManualClock
from tests.support.file_limits import files_up_to
from tests.support.intakes import hangups
from tests.support.stored_tollbook import OpenTollbook, StoredTollbook

_LITTLE_ROOM_BYTES = 100_000
"""Enough for the reconciler and the intake, and not for the book."""


@pytest.fixture
def stored(tmp_path: Path) -> StoredTollbook:
    """An empty folder for databases."""
    (tmp_path / "var").mkdir()
    return StoredTollbook(tmp_path / "var")


@pytest.fixture
def running(stored: StoredTollbook) -> Iterator[OpenTollbook]:
    """Databases in use."""
    with stored.opened() as opened:
        yield opened


def _back_up(stored: StoredTollbook, folder: Path) -> Manifest:
    return make_backup(stored.stores, folder, ManualClock(), lambda _: None)


def _counts(folder: Path) -> tuple[int, int]:
    """Events in the book of a backup, and requests in its intake."""
    module = choose_sqlite_module()
    counts = []
    for name, table in (("book.db", "events"), ("intake.db", "event_intake")):
        connection = module.connect(f"file:{folder / name}?mode=ro&immutable=1", uri=True)
        counts.append(int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))  # noqa: S608
        connection.close()
    return counts[0], counts[1]


def test_what_is_committed_is_in_the_backup_of_a_running_tollbook(
    stored: StoredTollbook, running: OpenTollbook, tmp_path: Path
) -> None:
    running.book.record_events(hangups("booked", "too"))
    running.take_in(hangups("taken in"))
    asyncio.run(Sealer(running.book.database, running.book.clock).seal())
    manifest = _back_up(stored, tmp_path / "backup")
    assert _counts(tmp_path / "backup") == (2, 1)
    assert manifest.head == running.book.database.read(load_head).text != ""
    assert load_manifest(tmp_path / "backup") == manifest


def test_an_event_that_is_booked_between_two_copies_is_in_one_of_them(
    stored: StoredTollbook, running: OpenTollbook, tmp_path: Path
) -> None:
    """It was acknowledged before the backup began, and leaves the intake while the backup is made."""
    running.take_in(hangups("acknowledged"))
    copied: list[str] = []

    def at_each_copy(line: str) -> None:
        copied.append(line)
        if sum("the intake" in each or "the book" in each for each in copied) == 2:
            running.book_what_was_taken_in()

    make_backup(stored.stores, tmp_path / "backup", ManualClock(), at_each_copy)
    assert running.waiting_count() == 0
    assert sum(_counts(tmp_path / "backup")) >= 1


def test_the_manifest_names_every_file_and_nobody_else_reads_them(
    stored: StoredTollbook, running: OpenTollbook, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "backup"
    manifest = _back_up(stored, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "book.db",
        "intake.db",
        "manifest.json",
        "reconciler.db",
    ]
    for store in manifest.stores:
        content = (folder / f"{store.kind}.db").read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (store.byte_count, store.sha256)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_it_can_be_made_of_what_a_killed_process_left(stored: StoredTollbook, tmp_path: Path) -> None:
    """Committed, and in the write-ahead log only."""
    with stored.opened() as opened:
        opened.book.record_events(hangups("a call"))
        wal = Path(f"{stored.path('book')}-wal")
        left = {path: path.read_bytes() for path in (stored.path("book"), wal)}
    for path, content in left.items():
        path.write_bytes(content)
    _back_up(stored, tmp_path / "backup")
    assert _counts(tmp_path / "backup") == (1, 0)
    with stored.opened() as opened:
        assert opened.event_count() == 1


def test_a_backup_never_goes_into_a_folder_that_is_there(
    stored: StoredTollbook, running: OpenTollbook, tmp_path: Path
) -> None:
    _back_up(stored, tmp_path / "backup")
    with pytest.raises(InvalidInput, match="is there already"):
        _back_up(stored, tmp_path / "backup")
    (tmp_path / "other.partial").mkdir()
    with pytest.raises(InvalidInput, match=r"other\.partial is there already"):
        _back_up(stored, tmp_path / "other")
    assert (tmp_path / "other.partial").is_dir()


def test_a_damaged_book_makes_no_backup(stored: StoredTollbook, tmp_path: Path) -> None:
    with stored.opened() as opened:
        opened.book.record_events(hangups(*map(str, range(50))))
    book = stored.path("book")
    content = bytearray(book.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = bytes(64)
    book.write_bytes(content)
    with pytest.raises((Unavailable, InvalidInput)):
        _back_up(stored, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]


def test_an_index_that_lacks_a_row_makes_no_backup(stored: StoredTollbook, tmp_path: Path) -> None:
    """Every page can be read, and a question that goes by this index would miss the event."""
    with stored.opened() as opened:
        opened.book.record_events(hangups("a call"))
    root, empty_root = (
        _root_page(stored.path("book"), name) for name in ("ix_events_received", "ix_events_fault")
    )
    content = bytearray(stored.path("book").read_bytes())
    content[(root - 1) * 4096 : root * 4096] = content[(empty_root - 1) * 4096 : empty_root * 4096]
    stored.path("book").write_bytes(content)
    with pytest.raises(InvalidInput, match="damaged"):
        _back_up(stored, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def _root_page(book: Path, index: str) -> int:
    connection = choose_sqlite_module().connect(book)
    try:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        return int(connection.execute(query, (index,)).fetchone()[0])
    finally:
        connection.close()


def test_a_full_disk_makes_no_backup(stored: StoredTollbook, running: OpenTollbook, tmp_path: Path) -> None:
    running.book.record_events(hangups("a call"))
    with files_up_to(_LITTLE_ROOM_BYTES), pytest.raises(Unavailable, match="SQLite says"):
        _back_up(stored, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]


def test_there_must_be_a_book(stored: StoredTollbook, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="LEDGER_DATABASE_URL"):
        _back_up(stored, tmp_path / "backup")


def test_what_a_restore_left_unfinished_is_not_backed_up(
    stored: StoredTollbook, running: OpenTollbook, tmp_path: Path
) -> None:
    restoring_mark(stored.path("book")).touch()
    with pytest.raises(Unavailable, match="tollbook restore"):
        _back_up(stored, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_a_reconcilers_database_that_was_deleted_is_left_out(stored: StoredTollbook, tmp_path: Path) -> None:
    with stored.opened():
        pass
    stored.path("reconciler").unlink()
    manifest = _back_up(stored, tmp_path / "backup")
    assert [store.kind for store in manifest.stores] == ["intake", "book"]
