"""A book of a sandbox account, and the services that prove it, over real gRPC."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import grpc
from google.type import date_pb2

from services.common.channel import open_channel
from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.migrations import migrate
from services.common.server import Endpoint, open_server
from services.common.times import start_of_day, utc_day
from services.ledger.__main__ import prepare
from services.ledger.settings import LedgerSettings
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.progress.all_progress import AllProgress
from services.reconciler.progress.own_progress import OwnProgress
from services.reconciler.progress.progress_store import ProgressStore
from services.reconciler.progress.reading import Reading
from services.reconciler.proof import Neighbours, compose_proof
from services.reconciler.reader import Reader
from services.reconciler.reconciler import Reconciler
from services.reconciler.repeating import Ticker
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.sweep_histories import SWEPT_TYPES
from services.reconciler.telnyx_client import TelnyxClient
from services.reconciler.windows import Window
from tests.integration.reconciler.servers import LOOPBACK
from tollbook.ledger.v1 import balance_pb2_grpc
from tollbook.reconciler.v1 import audit_pb2, audit_pb2_grpc, doctor_pb2_grpc

AGO_S = 4 * 86_400
"""When everything happened: four days ago, so that its day has long closed."""


@dataclass(frozen=True, slots=True)
class Prover:
    """The reconciler's two services, its polling, and a reader; nothing happens until it is told to."""

    reader: Reader
    polling: Sequence[Ticker]
    audits: audit_pb2_grpc.AuditServiceStub
    doctors: doctor_pb2_grpc.DoctorServiceStub
    balances: balance_pb2_grpc.BalanceServiceStub

    async def read_everything(self) -> None:
        """One sweep of each type over the last week; recent days are not over yet."""
        today = utc_day(datetime.now(UTC))
        window = Window(start_of_day(today - timedelta(days=7)), start_of_day(today - timedelta(days=1)))
        for name in SWEPT_TYPES:
            await self.reader.sweep(name, window)

    async def audit(self, *, refresh: bool = False) -> audit_pb2.AuditResponse:
        """The closed days of that week."""
        today = utc_day(datetime.now(UTC))
        request = audit_pb2.AuditRequest(
            from_day=_day(today - timedelta(days=7)), to_day=_day(today - timedelta(days=2)), refresh=refresh
        )
        return await self.audits.Audit(request, timeout=60)


def _day(day: date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


@asynccontextmanager
async def open_prover(folder: Path, to_telnyx: grpc.aio.Channel) -> AsyncIterator[Prover]:
    """An empty book, and a reconciler that does nothing by itself."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        ledger_settings = LedgerSettings(
            ledger_listen=LOOPBACK, ledger_database_url=f"sqlite:///{folder / 'ledger.db'}"
        )
        bound = await stack.enter_async_context(open_server(await prepare(ledger_settings, stack)))
        to_ledger = await stack.enter_async_context(open_channel(str(bound)))
        database = open_database(f"sqlite:///{folder / 'reconciler.db'}")
        stack.callback(database.close)
        migrate(database, SCRIPT_LOCATION, VERSION_TABLE)
        settings, telnyx = ReconcilerSettings(), TelnyxClient(to_telnyx)
        reconciler = Reconciler(settings, database, LedgerClient(to_ledger), telnyx, clock)
        reader = reconciler.reader_of(telnyx)
        own = OwnProgress("prover", Reading(clock), reader.refused_types, settings.expected_record_types)
        progress = AllProgress(own, ProgressStore(database), clock)
        proof = compose_proof(
            Neighbours(to_ledger, to_telnyx), reconciler, reader, progress, settings.settle_horizon, clock
        )

        def add_servicers(server: grpc.aio.Server) -> None:
            audit_pb2_grpc.add_AuditServiceServicer_to_server(proof.audits, server)
            doctor_pb2_grpc.add_DoctorServiceServicer_to_server(proof.doctors, server)

        endpoint = Endpoint(
            listen=LOOPBACK, listen_variable="TEST_LISTEN", service_names=(), add_servicers=add_servicers
        )
        served = await stack.enter_async_context(open_server(endpoint))
        channel = await stack.enter_async_context(open_channel(str(served)))
        yield Prover(
            reader=reader,
            polling=proof.tickers,
            audits=audit_pb2_grpc.AuditServiceStub(channel),
            doctors=doctor_pb2_grpc.DoctorServiceStub(channel),
            balances=balance_pb2_grpc.BalanceServiceStub(to_ledger),
        )
