"""A restore changes nothing before all is known to be right, loses nothing of what was there, and ends whole."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli.backup.making import make_backup
from services.cli.backup.manifest import Manifest
from services.cli.backup.restoring import Restored, load_manifest, restore_backup
from services.cli.backup.stores import Store, newest_schema
from services.common.errors import InvalidInput, NotFound, Unavailable
from services.common.process import StartError
from services.common.sqlite import FileLock, choose_sqlite_module, restoring_mark
from tests.support.clocks import ManualClock
from tests.support.file_limits import files_up_to
from tests.support.intakes import hangups
from tests.support.processes import ROOT
from tests.support.stored_tollbook import StoredTollbook

_BEFORE, _AFTER = 3, 5
_LITTLE_ROOM_BYTES = 100_000
_DIES_AT_THE_NTH_RENAME = """
import os, pathlib, signal, sys
left, name = [int(sys.argv.pop(1))], pathlib.Path.rename
def rename(path, target):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return name(path, target)
pathlib.Path.rename = rename
from services.cli.main import app
app()
"""


@pytest.fixture
def stored(tmp_path: Path) -> StoredTollbook:
    """A Tollbook with some events that were backed up into `backup`, and some that came since; nothing runs."""
    (tmp_path / "var").mkdir()
    stored = StoredTollbook(tmp_path / "var")
    with stored.opened() as opened:
        opened.book.record_events(hangups(*(f"early {number}" for number in range(_BEFORE))))
        opened.take_in(hangups("waiting"))
        make_backup(stored.stores, tmp_path / "backup", ManualClock(), lambda _: None)
        opened.book_what_was_taken_in()
        opened.book.record_events(hangups("late"))
    return stored


def _restore(stored: StoredTollbook, stores: list[Store] | None = None) -> Restored:
    folder = stored.folder.parent / "backup"
    return restore_backup(folder, stores or stored.stores, ManualClock(), lambda _: None)


def _counts(stored: StoredTollbook) -> tuple[int, int]:
    with stored.opened() as opened:
        return opened.event_count(), opened.waiting_count()


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def test_what_was_backed_up_is_back_and_what_was_there_lies_aside(stored: StoredTollbook) -> None:
    before = {name: content for name, content in _contents(stored.folder).items() if content}
    restored = _restore(stored)
    assert restored.kinds == ("reconciler", "intake", "book")
    assert _counts(stored) == (_BEFORE, 1)
    [aside] = restored.replaced
    assert {name: content for name, content in _contents(aside).items() if content} == before
    assert _counts(StoredTollbook(aside)) == (_AFTER, 0)


def test_the_log_of_the_old_book_never_meets_the_new_one(stored: StoredTollbook) -> None:
    """After a kill the write-ahead log holds what was committed last; SQLite would write it into any file beside it."""
    with stored.opened() as opened:
        opened.book.record_events(hangups("in the log"))
        names = [f"{stored.path('book')}{suffix}" for suffix in ("", "-wal")]
        left = {name: Path(name).read_bytes() for name in names}
    for name, content in left.items():
        Path(name).write_bytes(content)
    [aside] = _restore(stored).replaced
    assert _counts(stored) == (_BEFORE, 1)
    assert _counts(StoredTollbook(aside)) == (_AFTER + 1, 0)


def test_a_machine_without_a_book_gets_one(stored: StoredTollbook, tmp_path: Path) -> None:
    fresh = StoredTollbook(tmp_path / "elsewhere" / "var")
    assert _restore(stored, fresh.stores).replaced == ()
    assert _counts(fresh) == (_BEFORE, 1)


def test_nothing_is_restored_under_a_running_process(stored: StoredTollbook) -> None:
    with stored.opened() as opened:
        with pytest.raises(Unavailable, match="stop it before restoring"):
            _restore(stored)
        assert opened.event_count() == _AFTER
    assert _counts(stored) == (_AFTER, 0)


@pytest.mark.parametrize("name", ["book.db", "intake.db", "reconciler.db"])
def test_a_changed_byte_restores_nothing(stored: StoredTollbook, name: str) -> None:
    copy = stored.folder.parent / "backup" / name
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    _nothing_is_restored(stored, InvalidInput, "SHA-256")


def test_a_file_that_is_cut_short_restores_nothing(stored: StoredTollbook) -> None:
    copy = stored.folder.parent / "backup" / "book.db"
    copy.write_bytes(copy.read_bytes()[:-4096])
    _nothing_is_restored(stored, InvalidInput, "not whole")


def test_a_full_disk_restores_nothing(stored: StoredTollbook) -> None:
    with files_up_to(_LITTLE_ROOM_BYTES):
        _nothing_is_restored(stored, OSError, "too large")


def test_a_folder_without_a_manifest_is_no_backup(stored: StoredTollbook) -> None:
    (stored.folder.parent / "backup" / "manifest.json").unlink()
    _nothing_is_restored(stored, NotFound, "no backup")


def test_a_head_that_the_book_does_not_have_restores_nothing(stored: StoredTollbook) -> None:
    _change_manifest(stored, '"head": ""', f'"head": "1:{"0" * 64}"')
    _nothing_is_restored(stored, InvalidInput, "not the book")


def test_a_backup_of_a_newer_tollbook_restores_nothing(stored: StoredTollbook) -> None:
    _change_manifest(stored, f'"schema": "{newest_schema("book")}"', '"schema": "9999"')
    _nothing_is_restored(stored, InvalidInput, "newer Tollbook")


def _change_manifest(stored: StoredTollbook, old: str, new: str) -> None:
    manifest = stored.folder.parent / "backup" / "manifest.json"
    text = manifest.read_text()
    assert text.count(old) == 1
    manifest.write_text(text.replace(old, new))


def _nothing_is_restored(stored: StoredTollbook, error: type[Exception], why: str) -> None:
    before = _contents(stored.folder)
    with pytest.raises(error, match=why):
        _restore(stored)
    assert _contents(stored.folder) == before
    assert _counts(stored) == (_AFTER, 0)


def test_nothing_is_restored_under_a_reconciler_whose_database_stays(stored: StoredTollbook) -> None:
    """It remembers what it has swept for the book that goes."""
    _leave_out(stored, "reconciler")
    running = FileLock(stored.path("reconciler"), wait_s=0)
    try:
        with pytest.raises(Unavailable, match="stop it before restoring"):
            _restore(stored)
    finally:
        running.release()
    assert _restore(stored).kinds == ("intake", "book")


def test_an_intake_that_was_not_backed_up_does_not_stay(stored: StoredTollbook) -> None:
    """What waits there was acknowledged for another book; it lies aside with that."""
    _leave_out(stored, "intake")
    with stored.opened() as opened:
        opened.take_in(hangups("for the old book"))
    [aside] = _restore(stored).replaced
    assert _counts(stored) == (_BEFORE, 0)
    assert _counts(StoredTollbook(aside)) == (_AFTER, 1)


def _leave_out(stored: StoredTollbook, kind: str) -> None:
    manifest = load_manifest(stored.folder.parent / "backup")
    kept = tuple(store for store in manifest.stores if store.kind != kind)
    text = Manifest(manifest.made_at, manifest.head, kept).to_text()
    (stored.folder.parent / "backup" / "manifest.json").write_text(text)


@pytest.mark.parametrize("rename", range(1, 7))
def test_a_restore_that_is_killed_is_run_again(stored: StoredTollbook, rename: int) -> None:
    """Between any two of its steps: a process that starts then would find half of one book and half of another."""
    killed = subprocess.run(
        [sys.executable, "-c", _DIES_AT_THE_NTH_RENAME, str(rename), "restore", "backup"],
        cwd=stored.folder.parent,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    with pytest.raises(StartError, match="tollbook restore"), stored.opened():
        pass
    _restore(stored)
    assert _counts(stored) == (_BEFORE, 1)
    assert sum(_events_in(path) == _AFTER for path in stored.folder.glob("replaced-*/ledger.db")) == 1
    assert not list(stored.folder.glob("*.restored")) + list(stored.folder.glob("*.restoring"))


def _events_in(book: Path) -> int:
    connection = choose_sqlite_module().connect(book)
    try:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    finally:
        connection.close()


def test_the_mark_of_a_restore_lies_beside_the_file(tmp_path: Path) -> None:
    assert restoring_mark(tmp_path / "ledger.db") == tmp_path / "ledger.db.restoring"
