"""The edge as a process: `python -m gateway`."""

import services.common.without_rich  # noqa: F401 - it acts by being imported

# isort: split
import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from gateway.access import Access
from gateway.api_keys import MIN_SAFE_LENGTH, digest_of
from gateway.app import Edge, build_app
from gateway.backends import Targets, open_backends
from gateway.batching import EventBatcher
from gateway.freshness_watch import FreshnessWatch
from gateway.pages.live_feed import LiveFeed
from gateway.public_keys import PublicKeys
from gateway.settings import GatewaySettings
from gateway.signature import read_public_key
from services.common.addresses import Address, bind_tcp
from services.common.clock import SystemClock
from services.common.http_server import DRAIN_S, HttpServer, open_http_server
from services.common.logs import configure_logs
from services.common.memory import keep_what_is_loaded
from services.common.process import run_process
from services.common.settings import load_settings
from services.common.telemetry import Readiness, open_admin

# More than webhooks may wait (BatchLimits): who comes too much is told so by a problem, not by the HTTP server.
_MAX_CONNECTIONS = 4096
_LAST_PATIENCE_S = DRAIN_S - 1
"""Whoever still waits for the ledger then is told to come again, before the HTTP server ends their connections."""
_log = structlog.get_logger()


def main() -> None:
    """Read the settings and serve until a signal comes."""
    settings = load_settings(GatewaySettings)
    configure_logs(settings, "gateway")
    run_process(lambda stop: serve(settings, stop), failpoints=settings.failpoints)


async def serve(settings: GatewaySettings, stop: asyncio.Event) -> None:
    """Run the edge until `stop` is set; webhooks in flight are finished. Raises StartError.

    From then on it says that it is not ready, and takes webhooks for some seconds all the same.
    """
    readiness = Readiness()
    _warn_of_weak_settings(settings)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(bind_tcp(settings.listen, "GATEWAY_PORT"))
        bound = Address(settings.gateway_host, listener.getsockname()[1])
        await stack.enter_async_context(
            open_admin(settings.gateway_admin_listen, "GATEWAY_ADMIN_LISTEN", readiness)
        )
        edge = await stack.enter_async_context(open_edge(settings))
        http = await stack.enter_async_context(
            open_http_server(build_app(edge), listener, limit_concurrency=_MAX_CONNECTIONS)
        )
        keep_what_is_loaded()
        _log.info("gateway.ready", address=str(bound), message=f"the edge answers on http://{bound}")
        becoming_ready = asyncio.create_task(_become_ready(edge, readiness))
        await stop.wait()
        _log.info("gateway.stopping")
        becoming_ready.cancel()
        readiness.is_ready = False
        await _leave(http, edge, settings.gateway_lame_duck_seconds)


async def _become_ready(edge: Edge, readiness: Readiness) -> None:
    """Before Telnyx's key is known every webhook would be refused: an edge that was there before is better."""
    await edge.keys.known()
    readiness.is_ready = True


async def _leave(http: HttpServer, edge: Edge, lame_duck_s: float) -> None:
    """Take what still comes while balancers learn that this edge is not ready; then there is an end to waiting."""
    edge.is_leaving.set()
    http.leave()
    # The HTTP server waits for answers that have not ended.
    edge.live.close()
    await asyncio.sleep(lame_duck_s)
    asyncio.get_running_loop().call_later(_LAST_PATIENCE_S, edge.batcher.give_up)


@asynccontextmanager
async def open_edge(settings: GatewaySettings) -> AsyncIterator[Edge]:
    """Everything behind the routes, opened; on the way out what still waits for the ledger is handed to it."""
    targets = Targets(settings.ledger_target, settings.telnyx_gateway_target, settings.reconciler_target)
    configured = [read_public_key(text) for text in settings.telnyx_public_key]
    async with open_backends(targets) as backends:
        clock = SystemClock()
        keys = PublicKeys(configured, backends.fetch_public_keys, clock)
        batcher = EventBatcher(backends.record_events)
        feed = LiveFeed(backends.watch_charges)
        watch = FreshnessWatch(backends.onlooker.look, clock)
        async with asyncio.TaskGroup() as tasks:
            keeping_fresh = tasks.create_task(keys.keep_fresh(), name="public-keys")
            looking = tasks.create_task(watch.keep_looking(), name="freshness-watch")
            try:
                yield Edge(backends, keys, batcher, _access(settings), clock, feed, watch)
            finally:
                await batcher.drain()
                keeping_fresh.cancel()
                looking.cancel()


def _access(settings: GatewaySettings) -> Access:
    secret = settings.cron_secret
    return Access(
        keys=settings.api_keys,
        cron_digest=digest_of(secret.get_secret_value().encode()) if secret else None,
        allowed_hosts=settings.allowed_hosts,
    )


def _warn_of_weak_settings(settings: GatewaySettings) -> None:
    for key in settings.api_keys:
        if key.is_short:
            _log.warning(
                "api_key.short",
                message=f"API_KEYS: {key.name!r} has fewer than {MIN_SAFE_LENGTH} characters and can be guessed",
            )


if __name__ == "__main__":
    main()
