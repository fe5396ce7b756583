"""What is refused on a page is told as a page: what happened, to what, and what to do."""

from collections.abc import Awaitable, Callable

import grpc
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.pages.templates import render
from gateway.problems import Problem, problem_of
from services.common.errors import TollbookError
from services.common.rpc_errors import from_rpc_error

_TITLES = {
    400: "That cannot be read",
    401: "A key is needed",
    403: "Not allowed",
    404: "Nothing here",
    413: "Too much",
    422: "That makes no sense",
    502: "Telnyx cannot be asked",
    503: "Tollbook is not all there",
}


def problem_page(problem: Problem, advice: str = "", back_url: str = "/billing") -> Response:
    """A page for an HTTP error. `advice` is what to do about it, a sentence."""
    return HTMLResponse(
        render(
            "problem.html",
            title=_TITLES.get(problem.status, "Something went wrong"),
            status=problem.status,
            detail=problem.detail,
            field=problem.field,
            advice=advice,
            back_url=back_url,
        ),
        status_code=problem.status,
        headers=problem.headers,
    )


class PageEndpoint:
    """A handler as the end of a route. Starlette's own wrapping would answer what it raises before ProblemPages can."""

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handler(Request(scope, receive, send))
        await response(scope, receive, send)


class ProblemPages:
    """Middleware of a page's route. What is raised before an answer has begun becomes a page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except (Problem, TollbookError, grpc.aio.AioRpcError) as error:
            if has_begun:
                raise
            await problem_page(_problem(error))(scope, receive, send)


def _problem(error: Problem | TollbookError | grpc.aio.AioRpcError) -> Problem:
    match error:
        case Problem():
            return error
        case TollbookError():
            return problem_of(error)
        case grpc.aio.AioRpcError():
            return problem_of(from_rpc_error(error))
