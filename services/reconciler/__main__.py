"""`python -m services.reconciler`: turns estimates into exact costs."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

from services.common.channel import open_channel
from services.common.clock import SystemClock
from services.common.database import open_database
from services.common.logs import configure_logs
from services.common.migrations import migrate
from services.common.process import run_process
from services.common.server import AdminEndpoint, Endpoint, serve
from services.common.settings import load_settings
from services.reconciler.ledger_client import LedgerClient
from services.reconciler.migrations import SCRIPT_LOCATION, VERSION_TABLE
from services.reconciler.reconciler import Reconciler
from services.reconciler.settings import ReconcilerSettings
from services.reconciler.telnyx_client import TelnyxClient
from tollbook.reconciler.v1 import reconciler_pb2, reconciler_pb2_grpc

_SERVICE = reconciler_pb2.DESCRIPTOR.services_by_name["ReconcilerService"].full_name


async def _prepare(settings: ReconcilerSettings, stack: AsyncExitStack) -> Endpoint:
    database = await asyncio.to_thread(open_database, settings.reconciler_database_url)
    stack.push_async_callback(asyncio.to_thread, database.close)
    await asyncio.to_thread(migrate, database, SCRIPT_LOCATION, VERSION_TABLE)
    ledger = LedgerClient(await stack.enter_async_context(open_channel(settings.ledger_target)))
    telnyx = TelnyxClient(await stack.enter_async_context(open_channel(settings.telnyx_gateway_target)))
    reconciler = Reconciler(settings, database, ledger, telnyx, SystemClock())
    await stack.enter_async_context(reconciler.running())
    return Endpoint(
        listen=settings.reconciler_listen,
        listen_variable="RECONCILER_LISTEN",
        service_names=(_SERVICE,),
        add_servicers=partial(
            reconciler_pb2_grpc.add_ReconcilerServiceServicer_to_server, reconciler.service
        ),
    )


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load_settings(ReconcilerSettings)
    configure_logs(settings, "reconciler")
    admin = AdminEndpoint(settings.reconciler_admin_listen, "RECONCILER_ADMIN_LISTEN")
    run_process(lambda stop: serve("reconciler", admin, partial(_prepare, settings), stop))


if __name__ == "__main__":
    main()
