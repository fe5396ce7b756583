"""Serving a yardstick: one route, one process, the fastest loop and parser there are."""

import gc

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.load.deliveries import WEBHOOK_PATH

OK = Response(b'{"success":true}', media_type="application/json")
"""Made once: a response without state can be sent any number of times."""


async def _ready(_: Request) -> Response:
    return OK


def serve(endpoint: Route, port: int) -> None:
    """Serve until the process is ended; GET / answers 200 once it is ready."""
    app = Starlette(routes=[endpoint, Route("/", _ready)])
    gc.collect()
    gc.freeze()
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )


def webhook_route(endpoint: object) -> Route:
    """The one address that is measured."""
    return Route(WEBHOOK_PATH, endpoint, methods=["POST"])  # type: ignore[arg-type]
