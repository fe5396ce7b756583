"""The real edge and the real ledger, as far as webhooks and reads of the book need them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import PostgresServer
from tests.support.processes import Tollbook, running_tollbook


@contextmanager
def running_project(
    folder: Path,
    public_key: str,
    postgres: PostgresServer | None = None,
    runner: tuple[str, ...] = ("-m",),
) -> Iterator[Tollbook]:
    """Both are ready, on an empty book in SQLite, or in a database of `postgres` that is named like the folder."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'ledger.db'}" if postgres is None else postgres.create_database(folder.name)
    environment = {"TELNYX_PUBLIC_KEY": public_key, "LEDGER_DATABASE_URL": url}
    with running_tollbook(folder, environment, runner) as tollbook:
        tollbook.start("ledger")
        tollbook.start("gateway")
        yield tollbook


def edge_port(tollbook: Tollbook) -> int:
    """Where the edge takes webhooks."""
    return int(tollbook.environment["GATEWAY_PORT"])
