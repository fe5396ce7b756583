"""Two books of one sandbox account: one fed by sweeps, as if everything had come live, and one by a backfill."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import grpc
from pydantic import SecretStr
from sqlalchemy import select

from services.common.channel import open_channel
from services.common.clock import SystemClock
from services.common.database import Database, open_database
from services.common.migrations import migrate
from services.common.server import open_server
from services.ledger import tables
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.reconciler.backfill.backfill import Backfill
from services.reconciler.backfill.clients import DaysClient, ReportsClient
from services.reconciler.backfill.days import Days
from services.reconciler.backfill.plan import Method
from services.reconciler.backfill.progress import Progress, Snapshot
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.reader import Reader
from services.reconciler.reconciler import Reconciler, new_lease_store
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.sweep_histories import SWEPT_TYPES
from services.reconciler.telnyx_client import TelnyxClient
from services.reconciler.windows import Window
from services.telnyx_gateway.app import open_endpoint
from services.telnyx_gateway.client import Backoff
from services.telnyx_gateway.settings import TelnyxGatewaySettings
from tests.integration.reconciler.servers import LOOPBACK
from tests.sandbox.server import Sandbox
from tests.sandbox.settings import Faults, Settings
from tests.support.ledger_contents import Contents, book_contents

_WEEK = timedelta(days=7)
_PLENTY = Settings(seed=7, quota_limit=5_000, quota_window_s=1, faults=Faults(report_delay_s=0.0))


@dataclass(slots=True)
class History:
    """A book, and the reconciler that fills it."""

    path: Path
    reader: Reader
    backfill: Backfill

    async def fill(self, first: date, after: date, method: Method = "auto") -> Snapshot:
        """Backfill to the end."""
        progress = Progress()
        await self.backfill.run(Days(first, after), method, progress)
        return progress.take()

    async def sweep(self, window: Window, types: Sequence[str] = SWEPT_TYPES) -> None:
        """What live sweeps would have read, a week at a time."""
        end_at = window.end_at
        while end_at > window.start_at:
            start_at = max(window.start_at, end_at - _WEEK)
            for name in types:
                await self.reader.sweep(name, Window(start_at, end_at))
            end_at = start_at

    def contents(self) -> Contents:
        """What the book says."""
        with self._copy() as database:
            return book_contents(database)

    def settled(self) -> dict[tuple[str, str], bool]:
        """Of each charge, by its kind and id, whether it is exact."""
        table = tables.billing
        with self._copy() as database:
            rows = database.read(lambda connection: connection.execute(select(table)).all())
        return {
            (row.record_type, row.record_id): row.settled_at is not None
            for row in rows
            if row.merged_into is None
        }

    @contextmanager
    def _copy(self) -> Iterator[Database]:
        """The book as it is now; the file itself is its ledger's alone."""
        copied = self.path.with_suffix(".copy")
        with closing(sqlite3.connect(self.path)) as book, closing(sqlite3.connect(copied)) as copy:
            book.backup(copy)
        database = open_database(f"sqlite:///{copied}")
        try:
            yield database
        finally:
            database.close()


@asynccontextmanager
async def open_account() -> AsyncIterator[tuple[Sandbox, grpc.aio.Channel]]:
    """A sandbox account, and a channel to its telnyx-gateway."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(_PLENTY))
        settings = TelnyxGatewaySettings(
            telnyx_api_key=SecretStr(_PLENTY.account_key),
            telnyx_api_base=sandbox.base_url,
            telnyx_gateway_listen=LOOPBACK,
        )
        endpoint = await open_endpoint(settings, stack, Backoff(first_s=0.01, longest_s=0.02))
        bound = await stack.enter_async_context(open_server(endpoint))
        yield sandbox, await stack.enter_async_context(open_channel(str(bound)))


@asynccontextmanager
async def open_history(folder: Path, to_telnyx: grpc.aio.Channel) -> AsyncIterator[History]:
    """An empty book of its own, and a reconciler that does nothing by itself."""
    folder.mkdir()  # noqa: ASYNC240 - before anything runs
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        settings = LedgerSettings(
            ledger_listen=LOOPBACK, ledger_database_url=f"sqlite:///{folder / 'ledger.db'}"
        )
        bound = await stack.enter_async_context(open_server(await prepare(settings, stack)))
        to_ledger = await stack.enter_async_context(open_channel(str(bound)))
        database = open_database(f"sqlite:///{folder / 'reconciler.db'}")
        stack.callback(database.close)
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
        ledger, telnyx = LedgerClient(to_ledger), TelnyxClient(to_telnyx)
        reconciler = Reconciler(ReconcilerSettings(), database, ledger, telnyx, clock)

        async def pause(wait_s: float) -> None:
            """A report is made at once here, and what failed may be asked again at once."""

        backfill = Backfill(
            ledger=ledger,
            days=DaysClient(to_ledger),
            telnyx=telnyx,
            reports=ReportsClient(to_telnyx),
            reader_of=reconciler.reader_of,
            on_sweep=reconciler.sweeps.note,
            leases=partial(new_lease_store, database),
            clock=clock,
            pause=pause,
        )
        yield History(folder / "ledger.db", reconciler.reader_of(telnyx), backfill)
