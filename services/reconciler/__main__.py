"""`python -m services.reconciler`: turns estimates into exact costs."""

import services.common.without_rich  # noqa: F401 - it acts by being imported

# isort: split
import asyncio
from contextlib import AsyncExitStack
from functools import partial

import grpc

from services.common.channel import open_channel
from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.logs import configure_logs
from services.common.migrations import migrate
from services.common.process import run_process
from services.common.server import AdminEndpoint, Endpoint, serve
from services.common.settings import load_settings
from services.common.told_clock import ToldClock
from services.reconciler import failpoints
from services.reconciler.backfill.backfill import Backfill
from services.reconciler.backfill.clients import DaysClient, ReportsClient
from services.reconciler.backfill_service import BackfillService
from services.reconciler.deliveries.clients import DeliveriesClient, EventsClient
from services.reconciler.deliveries.recovery import Recovery
from services.reconciler.deliveries.watch import DeliveryWatch
from services.reconciler.holder_name import new_holder_name
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.polling.clients import AccountClient
from services.reconciler.polling.polling import learn_time
from services.reconciler.progress.all_progress import AllProgress
from services.reconciler.progress.noted_telnyx import NotedTelnyx
from services.reconciler.progress.own_progress import OwnProgress
from services.reconciler.progress.progress_store import ProgressStore
from services.reconciler.progress.reading import Reading
from services.reconciler.progress_service import ProgressService
from services.reconciler.proof import Neighbours, Proof, compose_proof
from services.reconciler.reconciler import Reconciler, new_lease_store
from services.reconciler.repeating import Ticker
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.telnyx_client import TelnyxClient
from tollbook.reconciler.v1 import (
    audit_pb2,
    audit_pb2_grpc,
    backfill_pb2,
    backfill_pb2_grpc,
    doctor_pb2,
    doctor_pb2_grpc,
    progress_pb2,
    progress_pb2_grpc,
    reconciler_pb2,
    reconciler_pb2_grpc,
)

_SERVICES = (
    reconciler_pb2.DESCRIPTOR.services_by_name["ReconcilerService"].full_name,
    backfill_pb2.DESCRIPTOR.services_by_name["BackfillService"].full_name,
    audit_pb2.DESCRIPTOR.services_by_name["AuditService"].full_name,
    doctor_pb2.DESCRIPTOR.services_by_name["DoctorService"].full_name,
    progress_pb2.DESCRIPTOR.services_by_name["ProgressService"].full_name,
)


async def _prepare(settings: ReconcilerSettings, stack: AsyncExitStack) -> Endpoint:
    database = await asyncio.to_thread(open_database, settings.reconciler_database_url)
    stack.push_async_callback(asyncio.to_thread, database.close)
    await asyncio.to_thread(migrate, database, SCRIPT_LOCATION, VERSION_TABLE)
    failpoints.MIGRATED.reached()
    to_ledger = await stack.enter_async_context(open_channel(settings.ledger_target))
    to_telnyx = await stack.enter_async_context(open_channel(settings.telnyx_gateway_target))
    clock = ToldClock(SystemClock())
    await learn_time(AccountClient(to_telnyx, clock.told))
    reading = Reading(clock)
    ledger, telnyx = LedgerClient(to_ledger), NotedTelnyx(TelnyxClient(to_telnyx, clock.told), reading)
    reconciler = Reconciler(settings, database, ledger, telnyx, clock)
    recovery = Recovery(DeliveriesClient(to_telnyx), EventsClient(to_ledger))
    watch = DeliveryWatch(recovery, EventsClient(to_ledger), reconciler.leadership, clock)
    backfill = Backfill(
        ledger=ledger,
        days=DaysClient(to_ledger),
        telnyx=telnyx,
        reports=ReportsClient(to_telnyx),
        reader_of=reconciler.reader_of,
        on_sweep=reconciler.sweeps.note,
        leases=partial(new_lease_store, database),
        clock=clock,
        pause=asyncio.sleep,
    )
    reader = reconciler.reader_of(telnyx)
    own = OwnProgress(new_holder_name(), reading, reader.refused_types, settings.expected_record_types)
    progress = AllProgress(own, ProgressStore(database), clock)
    stack.push_async_callback(progress.close)
    proof = compose_proof(
        Neighbours(to_ledger, to_telnyx, clock.told),
        reconciler,
        reader,
        progress,
        settings.settle_horizon,
        clock,
    )
    further = (
        Ticker("recovering deliveries", watch.tick, clock),
        *proof.tickers,
        Ticker("telling progress", progress.tick, clock),
    )
    own.follow(await stack.enter_async_context(reconciler.running(*further)))
    return Endpoint(
        listen=settings.reconciler_listen,
        listen_variable="RECONCILER_LISTEN",
        service_names=_SERVICES,
        add_servicers=partial(
            _add_servicers,
            reconciler,
            BackfillService(backfill, recovery),
            proof,
            ProgressService(progress),
        ),
    )


def _add_servicers(
    reconciler: Reconciler,
    history: BackfillService,
    proof: Proof,
    progress: ProgressService,
    server: grpc.aio.Server,
) -> None:
    reconciler_pb2_grpc.add_ReconcilerServiceServicer_to_server(reconciler.service, server)
    backfill_pb2_grpc.add_BackfillServiceServicer_to_server(history, server)
    audit_pb2_grpc.add_AuditServiceServicer_to_server(proof.audits, server)
    doctor_pb2_grpc.add_DoctorServiceServicer_to_server(proof.doctors, server)
    progress_pb2_grpc.add_ProgressServiceServicer_to_server(progress, server)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load_settings(ReconcilerSettings)
    configure_logs(settings, "reconciler")
    admin = AdminEndpoint(settings.reconciler_admin_listen, "RECONCILER_ADMIN_LISTEN")
    run_process(
        lambda stop: serve("reconciler", admin, partial(_prepare, settings), stop),
        failpoints=settings.failpoints,
    )


if __name__ == "__main__":
    main()
