"""The ledger's process: `python -m services.ledger`."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.logs import configure_logs
from services.common.migrations import migrate
from services.common.process import run_process
from services.common.server import AdminEndpoint, Endpoint, serve
from services.common.settings import load_settings
from services.ledger.feed import ChargeFeed
from services.ledger.retention import keep_dropping
from services.ledger.service import LedgerService
from services.ledger.settings import LedgerSettings
from services.ledger.store.book import Book
from tollbook.ledger.v1 import ledger_pb2_grpc

SERVICE_NAME = "tollbook.ledger.v1.LedgerService"
MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "ledger_schema_version"


async def prepare(settings: LedgerSettings, stack: AsyncExitStack) -> Endpoint:
    """Open the book, bring its tables up to date, finish what a crash left half done."""
    database = open_database(settings.ledger_database_url)
    stack.callback(database.close)
    await asyncio.to_thread(migrate, database, MIGRATIONS, VERSION_TABLE)
    book = Book(database, SystemClock(), settings.rules())
    await asyncio.to_thread(book.apply_sweeps)
    if settings.raw_retention_days:
        dropping = asyncio.create_task(keep_dropping(book, settings.raw_retention_days))
        stack.callback(dropping.cancel)
    feed = ChargeFeed(database)
    service = LedgerService(book, feed)
    return Endpoint(
        listen=settings.ledger_listen,
        listen_variable="LEDGER_LISTEN",
        service_names=(SERVICE_NAME,),
        add_servicers=partial(ledger_pb2_grpc.add_LedgerServiceServicer_to_server, service),
        before_drain=feed.close,
    )


def main() -> None:
    """Read the settings and serve until told to stop."""
    settings = load_settings(LedgerSettings)
    configure_logs(settings, "ledger")
    admin = AdminEndpoint(settings.ledger_admin_listen, "LEDGER_ADMIN_LISTEN")
    run_process(lambda stop: serve("ledger", admin, partial(prepare, settings), stop))


if __name__ == "__main__":
    main()
