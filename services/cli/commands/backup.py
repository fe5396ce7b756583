"""`tollbook backup`: copy the book and what belongs to it, while everything runs."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.backup.making import make_backup
from services.cli.backup.manifest import Manifest
from services.cli.backup.stores import stores_of
from services.cli.output import Output
from services.cli.session import JsonOption, run_locally
from services.cli.settings import BackupSettings
from services.common.clock import Clock, SystemClock
from services.common.errors import Unavailable
from services.common.settings import load_settings
from services.common.times import format_rfc3339

_MEGABYTE = 1_000_000


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder, best on another disk", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Copy the SQLite databases that LEDGER_DATABASE_URL and RECONCILER_DATABASE_URL name, while they are in use.

    Prints the head of the copied book's chain, for `tollbook verify --expect-head` after a restore.
    """
    settings = load_settings(BackupSettings)
    run_locally(lambda output: back_up(folder, settings, output, SystemClock()), as_json=as_json)


def back_up(folder: Path, settings: BackupSettings, output: Output, clock: Clock) -> int:
    """Make the backup and say what is in it; gives the exit code. Raises TollbookError."""
    try:
        manifest = make_backup(stores_of(settings), folder.absolute(), clock, output.remark)
    except OSError as error:
        raise Unavailable(f"the backup could not be written to {folder}: {error.strerror}") from error
    if output.as_json:
        output.json({"folder": str(folder), **_told(manifest)})
        return 0
    size = sum(store.byte_count for store in manifest.stores) / _MEGABYTE
    output.line(
        f"{folder}: all that was acknowledged before {format_rfc3339(manifest.made_at)}, {size:.1f} MB",
        "good",
    )
    output.line(f"head {manifest.head or '(nothing is sealed yet)'}")
    return 0


def _told(manifest: Manifest) -> dict[str, object]:
    stores = [
        {"kind": store.kind, "bytes": store.byte_count, "sha256": store.sha256} for store in manifest.stores
    ]
    return {"madeAt": manifest.made_at, "head": manifest.head or None, "stores": stores}
