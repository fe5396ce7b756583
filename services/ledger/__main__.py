"""The ledger's process: `python -m services.ledger`."""

import services.common.without_rich  # noqa: F401 - it acts by being imported

# isort: split
import asyncio
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import grpc
import structlog

from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.errors import Unavailable
from services.common.logs import configure_logs
from services.common.migrations import migrate
from services.common.process import run_process
from services.common.server import AdminEndpoint, Endpoint, serve
from services.common.settings import load_settings
from services.common.told_clock import LateClock
from services.ledger import failpoints
from services.ledger.balance_service import BalanceService
from services.ledger.estimate_gauges import keep_judging_estimates
from services.ledger.feed import ChargeFeed
from services.ledger.freshness_service import FreshnessService
from services.ledger.intake.intake import open_intake
from services.ledger.intake.reads_wait import ReadsWait
from services.ledger.proof_service import ProofService
from services.ledger.rate_learning import keep_learning
from services.ledger.record_booking import keep_trying_refused
from services.ledger.retention import keep_dropping
from services.ledger.sealing import keep_sealing
from services.ledger.service import LedgerService
from services.ledger.settings import LedgerSettings
from services.ledger.store.book import Book
from tollbook.ledger.v1 import balance_pb2_grpc, freshness_pb2_grpc, ledger_pb2_grpc, proof_pb2_grpc

SERVICE_NAMES = (
    "tollbook.ledger.v1.LedgerService",
    "tollbook.ledger.v1.BalanceService",
    "tollbook.ledger.v1.ProofService",
    "tollbook.ledger.v1.FreshnessService",
)
_SWITCH_INTERVAL_S = 0.001
"""A thread that books keeps the event loop waiting about this long at each handover of the interpreter. With Python's
usual 5 ms the loop woke up 2.8 ms late in one case of ten, with this 1.2 ms; a booking takes 2 % more of the processor.
"""

_log = structlog.get_logger()
MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "ledger_schema_version"


async def prepare(settings: LedgerSettings, stack: AsyncExitStack) -> Endpoint:
    """Open the book, bring its tables up to date, finish what a crash left half done."""
    database = open_database(settings.ledger_database_url)
    stack.callback(database.close)
    await asyncio.to_thread(migrate, database, MIGRATIONS, VERSION_TABLE)
    failpoints.MIGRATED.reached()
    clock = LateClock(SystemClock())
    book = Book(database, clock, settings.rules())
    await _finish_sweeps(book)
    intake = await stack.enter_async_context(open_intake(book))
    beside_calls = [
        keep_sealing(book),
        keep_learning(book),
        keep_judging_estimates(book),
        keep_trying_refused(book, intake.refused_records),
    ]
    if settings.raw_retention_days:
        beside_calls.append(keep_dropping(book, intake, settings.raw_retention_days))
    for work in beside_calls:
        stack.callback(asyncio.create_task(work).cancel)
    feed = ChargeFeed(database)

    def before_drain() -> None:
        feed.close()
        intake.hurry()

    def add_servicers(server: grpc.aio.Server) -> None:
        ledger_pb2_grpc.add_LedgerServiceServicer_to_server(
            LedgerService(book, feed, intake, clock.seen), server
        )
        balance_pb2_grpc.add_BalanceServiceServicer_to_server(BalanceService(book), server)
        proof_pb2_grpc.add_ProofServiceServicer_to_server(ProofService(book, intake), server)
        freshness_pb2_grpc.add_FreshnessServiceServicer_to_server(FreshnessService(book, intake), server)

    failpoints.READY.reached()
    return Endpoint(
        listen=settings.ledger_listen,
        listen_variable="LEDGER_LISTEN",
        service_names=SERVICE_NAMES,
        add_servicers=add_servicers,
        before_drain=before_drain,
        interceptors=(ReadsWait(intake.caught_up, intake.room),),
    )


async def _finish_sweeps(book: Book) -> None:
    """Apply what a crash left half applied; where that cannot be done now, the next sweep does it."""
    try:
        await asyncio.to_thread(book.apply_sweeps)
    except Unavailable as error:
        _log.warning("sweeps.not_applied", message=f"sweeps are applied later: {error.detail}")


def main() -> None:
    """Read the settings and serve until told to stop."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    settings = load_settings(LedgerSettings)
    configure_logs(settings, "ledger")
    admin = AdminEndpoint(settings.ledger_admin_listen, "LEDGER_ADMIN_LISTEN")
    run_process(
        lambda stop: serve("ledger", admin, partial(prepare, settings), stop), failpoints=settings.failpoints
    )


if __name__ == "__main__":
    main()
