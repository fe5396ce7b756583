"""Restoring a backup: the old files are moved aside whole, and nothing starts on what is half done."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from services.cli.backup.copies import read_marks
from services.cli.backup.files import copy_verified, create_empty, make_durable
from services.cli.backup.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    CopiedStore,
    Manifest,
    read_manifest,
)
from services.cli.backup.stores import Store, StoreKind, newest_schema, owners
from services.common.clock import Clock
from services.common.errors import InvalidInput, NotFound, Unavailable
from services.common.process import StartError
from services.common.sqlite import SIDE_SUFFIXES, FileLock, restoring_mark

_READY = ".restored"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to: `replaced` are the folders in which the files from before are."""

    manifest: Manifest
    kinds: tuple[StoreKind, ...]
    replaced: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A database on its way from the backup to its place."""

    store: Store
    copied: CopiedStore
    source: Path

    @property
    def ready(self) -> Path:
        """Where it waits, whole, beside its place."""
        return self.store.path.with_name(self.store.path.name + _READY)


def load_manifest(folder: Path) -> Manifest:
    """What is in a backup. Raises NotFound for a folder without a manifest, InvalidInput, OSError."""
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise NotFound(f"{folder} is no backup: there is no {MANIFEST_NAME} in it")
    with path.open("rb") as file:
        return read_manifest(file.read(MAX_MANIFEST_BYTES))


def restore_backup(
    folder: Path, stores: Sequence[Store], clock: Clock, tell: Callable[[str], None]
) -> Restored:
    """Put a backup's databases in the place of these. Nothing is changed before all of it was found to be right.

    Raises Unavailable while a process uses one of them; NotFound, InvalidInput for what is no whole backup of this
    version or an earlier one; OSError.
    """
    manifest = load_manifest(folder)
    pieces = _pieces(manifest, folder, stores, tell)
    restored = [piece.store for piece in pieces]
    with ExitStack() as stack:
        # Also of a database that stays: whoever has it open has read the book that goes.
        for store in owners(stores):
            store.path.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(_lock(store.path).release)
        for piece in pieces:
            stack.callback(piece.ready.unlink, missing_ok=True)
        for piece in pieces:
            tell(f"copying and checking the {piece.store.kind}")
            _make_ready(piece, manifest)
        replaced = _exchange(pieces, _aside(stores, restored), clock)
    return Restored(manifest, tuple(store.kind for store in restored), replaced)


def _pieces(
    manifest: Manifest, folder: Path, stores: Sequence[Store], tell: Callable[[str], None]
) -> list[_Piece]:
    by_kind = {store.kind: store for store in stores}
    pieces = []
    for copied in manifest.stores:
        store = by_kind.get(copied.kind)
        if store is None:
            tell(f"the {copied.kind}'s database is not a SQLite file here: left as it is")
            continue
        if copied.schema > newest_schema(copied.kind):
            raise InvalidInput(
                f"the {copied.kind} was backed up by a newer Tollbook (its tables are at {copied.schema}, this one "
                f"knows {newest_schema(copied.kind)}): restore it with that one"
            )
        source = folder / store.backup_name
        if not source.is_file() or source.stat().st_size != copied.byte_count:
            raise InvalidInput(f"{source} is missing or incomplete: this backup is not whole")
        pieces.append(_Piece(store, copied, source))
    return pieces


def _lock(path: Path) -> FileLock:
    try:
        return FileLock(path, wait_s=0)
    except StartError as error:
        raise Unavailable(f"Tollbook is running with {path}: stop it before restoring") from error


def _make_ready(piece: _Piece, manifest: Manifest) -> None:
    copy_verified(piece.source, piece.ready, piece.copied.sha256)
    marks = read_marks(piece.ready, piece.store.version_table)
    is_right = marks.schema == piece.copied.schema and (
        piece.store.kind != "book" or marks.head == manifest.head
    )
    if not is_right:
        raise InvalidInput(f"{piece.source}: this is not the {piece.store.kind} that the manifest tells of")


def _aside(stores: Sequence[Store], restored: Sequence[Store]) -> list[Path]:
    """What lies in the places now: with the book goes its intake, also where the backup has none."""
    replaced = [store for store in stores if store in restored or store.kind == "intake"]
    paths = (Path(f"{store.path}{suffix}") for store in replaced for suffix in SIDE_SUFFIXES)
    return [path for path in paths if path.exists()]


def _exchange(pieces: Sequence[_Piece], old: Sequence[Path], clock: Clock) -> tuple[Path, ...]:
    """From the first mark to the last, no process starts on these files: a crash leaves the marks."""
    marks = [restoring_mark(store.path) for store in owners([piece.store for piece in pieces])]
    folders = {*(path.parent for path in old), *(mark.parent for mark in marks)}
    stamp = f"replaced-{clock.now():%Y%m%dT%H%M%S.%fZ}"
    asides = {parent: parent / stamp for parent in sorted({path.parent for path in old})}
    for aside in asides.values():
        aside.mkdir(mode=0o700)
    for mark in marks:
        # The mark of a restore that was interrupted stays all the time.
        if not mark.exists():
            create_empty(mark)
    _make_names_durable(folders)
    for path in old:
        path.rename(asides[path.parent] / path.name)
    for piece in pieces:
        piece.ready.rename(piece.store.path)
    _make_names_durable({*folders, *asides.values()})
    for mark in marks:
        mark.unlink()
    _make_names_durable(folders)
    return tuple(asides.values())


def _make_names_durable(folders: set[Path]) -> None:
    for folder in folders:
        make_durable(folder)
