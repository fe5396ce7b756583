"""`python -m services.telnyx_gateway`: the one door to Telnyx."""

import asyncio
from functools import partial

from services.common.logs import configure_logs
from services.common.process import run_process
from services.common.server import AdminEndpoint, serve
from services.common.settings import load_settings
from services.telnyx_gateway.app import open_endpoint
from services.telnyx_gateway.settings import TelnyxGatewaySettings

SERVICE = "telnyx-gateway"


async def run(settings: TelnyxGatewaySettings, stop: asyncio.Event) -> None:
    """Serve until `stop` is set."""
    admin = AdminEndpoint(settings.telnyx_gateway_admin_listen, "TELNYX_GATEWAY_ADMIN_LISTEN")
    await serve(SERVICE, admin, partial(open_endpoint, settings), stop)


def main() -> None:
    """The process."""
    settings = load_settings(TelnyxGatewaySettings)
    configure_logs(settings, SERVICE)
    run_process(partial(run, settings), failpoints=settings.failpoints)


if __name__ == "__main__":
    main()
