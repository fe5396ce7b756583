"""One SQLite database, copied as it is at one moment while others write to it; and what a copy is looked at for."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from services.common.errors import InvalidInput, Unavailable
from services.common.sqlite import choose_sqlite_module

_BUSY_TIMEOUT_S = 10.0
_STEPS_BETWEEN_LOOKS = 100_000
_HEAD = "SELECT number || ':' || lower(hex(hash)) FROM journal_blocks ORDER BY number DESC LIMIT 1"
_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells one state of a database from another. `head` is empty for what has no chain."""

    schema: str
    head: str


def copy_database(source: Path, target: Path) -> None:
    """Write what is committed in `source` by now to `target`, which must not be there, or be empty.

    Nobody waits for it: who writes goes on writing behind the moment that is copied. Raises Unavailable.
    """
    with _opened(source, "mode=ro") as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def check_copy(copy: Path) -> None:
    """Read every page and every index of a copy. Raises InvalidInput when something in it does not fit."""
    with _opened(copy, "mode=ro&immutable=1") as connection:
        [fault, *_] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if fault != "ok":
        raise InvalidInput(f"{copy.name}: the database is damaged: {fault}")


def read_marks(copy: Path, version_table: str) -> Marks:
    """The revision of a copy's tables, and the head of its chain. Raises InvalidInput, Unavailable."""
    with _opened(copy, "mode=ro&immutable=1") as connection:
        if not _has_table(connection, version_table):
            raise InvalidInput(f"{copy.name}: this is no database of Tollbook's")
        # The name is one of ours; it cannot be a parameter.
        [schema] = connection.execute(f"SELECT version_num FROM {version_table}").fetchone()  # noqa: S608
        head = connection.execute(_HEAD).fetchone() if _has_table(connection, "journal_blocks") else None
    return Marks(schema=schema, head=head[0] if head else "")


def _has_table(connection: Any, name: str) -> bool:
    [count] = connection.execute(_TABLES, (name,)).fetchone()
    return bool(count)


@contextmanager
def _opened(path: Path, how: str) -> Iterator[Any]:
    module = choose_sqlite_module()
    try:
        connection = module.connect(
            f"file:{quote(str(path))}?{how}", uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S
        )
        with closing(connection):
            # Between steps of SQLite Python gets a turn, in which Ctrl-C is heard.
            connection.set_progress_handler(lambda: 0, _STEPS_BETWEEN_LOOKS)
            yield connection
    except module.Error as error:
        if str(error) == "interrupted":
            raise KeyboardInterrupt from error
        raise Unavailable(f"{path}: SQLite says {error}") from error
