"""Making a backup: a folder that is there whole, or not at all."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from services.cli.backup.copies import check_copy, copy_database, read_marks
from services.cli.backup.files import create_empty, make_durable, sha256_of
from services.cli.backup.manifest import MANIFEST_NAME, CopiedStore, Manifest
from services.cli.backup.stores import Store, owners
from services.common.clock import Clock
from services.common.errors import InvalidInput, NotFound, Unavailable
from services.common.process import StartError
from services.common.sqlite import refuse_half_restored

_OWN_FOLDER = 0o700
_PARTIAL = ".partial"


def make_backup(stores: Sequence[Store], folder: Path, clock: Clock, tell: Callable[[str], None]) -> Manifest:
    """Copy these databases, in their order, into a new folder. `tell` gets a line about each.

    Raises NotFound where there is no book, InvalidInput for a folder that is there already and for a damaged
    database, Unavailable, OSError.
    """
    partial = folder.with_name(folder.name + _PARTIAL)
    for taken in (folder, partial):
        if taken.exists():
            raise InvalidInput(f"{taken} is there already: a backup is made into a new folder")
    _refuse_unfinished(stores)
    made_at = clock.now()
    partial.mkdir(mode=_OWN_FOLDER, parents=True)
    try:
        copied, head = [], ""
        for store in _present(stores, tell):
            tell(f"copying the {store.kind} ({store.path})")
            one, its_head = _copy(store, partial / store.backup_name)
            copied.append(one)
            head = its_head or head
        # A restore that began meanwhile has taken one book away and brought another.
        _refuse_unfinished(stores)
        manifest = Manifest(made_at, head, tuple(copied))
        _write(manifest, partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    make_durable(folder.parent)
    return manifest


def _refuse_unfinished(stores: Sequence[Store]) -> None:
    try:
        for store in owners(stores):
            refuse_half_restored(store.path)
    except StartError as error:
        raise Unavailable(str(error)) from error


def _present(stores: Sequence[Store], tell: Callable[[str], None]) -> list[Store]:
    for store in stores:
        if store.path.exists():
            continue
        if store.kind == "book":
            raise NotFound(f"there is no book at {store.path}; LEDGER_DATABASE_URL says where to look")
        tell(f"there is no {store.kind} at {store.path}: left out")
    return [store for store in stores if store.path.exists()]


def _copy(store: Store, target: Path) -> tuple[CopiedStore, str]:
    create_empty(target)
    copy_database(store.path, target)
    make_durable(target)
    check_copy(target)
    marks = read_marks(target, store.version_table)
    size = target.stat().st_size
    copied = CopiedStore(kind=store.kind, schema=marks.schema, byte_count=size, sha256=sha256_of(target))
    return copied, marks.head


def _write(manifest: Manifest, folder: Path) -> None:
    path = folder / MANIFEST_NAME
    create_empty(path)
    path.write_text(manifest.to_text(), encoding="utf-8")
    make_durable(path)
    make_durable(folder)
