"""`tollbook restore`: put a backup in the place of the book; what is there is moved aside."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.backup.restoring import restore_backup
from services.cli.backup.stores import stores_of
from services.cli.output import Output
from services.cli.session import JsonOption, run_locally
from services.cli.settings import BackupSettings
from services.common.clock import Clock, SystemClock
from services.common.errors import Unavailable
from services.common.settings import load_settings
from services.common.times import format_rfc3339


def restore(
    folder: Annotated[Path, typer.Argument(help="The folder of a backup", show_default=False)],
    as_json: JsonOption = False,
) -> None:
    """Put a backup where LEDGER_DATABASE_URL and RECONCILER_DATABASE_URL point, while Tollbook is stopped.

    The backup is checked first; what is there is moved into a folder beside it, never overwritten.
    """
    settings = load_settings(BackupSettings)
    run_locally(lambda output: put_back(folder, settings, output, SystemClock()), as_json=as_json)


def put_back(folder: Path, settings: BackupSettings, output: Output, clock: Clock) -> int:
    """Restore the backup and say what was done; gives the exit code. Raises TollbookError."""
    try:
        restored = restore_backup(folder.absolute(), stores_of(settings), clock, output.remark)
    except OSError as error:
        raise Unavailable(
            f"the backup {folder} could not be restored: {error.strerror} ({error.filename})"
        ) from error
    made_at, head = restored.manifest.made_at, restored.manifest.head
    if output.as_json:
        replaced = [str(path) for path in restored.replaced]
        told = {"madeAt": made_at, "head": head or None, "restored": restored.kinds, "replaced": replaced}
        output.json(told)
        return 0
    output.line(f"restored from {format_rfc3339(made_at)}: {', '.join(restored.kinds)}", "good")
    for path in restored.replaced:
        output.line(f"what was there before is in {path}")
    output.line(f"head {head or '(nothing was sealed yet)'}")
    output.remark("start Tollbook: what the book lacks since then, it reads from Telnyx by itself")
    return 0
