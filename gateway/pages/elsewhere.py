"""Addresses that lead elsewhere, or nowhere."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.pages.links import AUDIT_PATH
from gateway.problems import Problem


async def to_the_page(_: Request) -> Response:
    """To the overview."""
    return RedirectResponse("/billing")


async def to_the_audit(_: Request) -> Response:
    """To the audit."""
    return RedirectResponse(AUDIT_PATH)


async def no_such_page(_: Request) -> Response:
    """Raises Problem (404)."""
    raise Problem(404, "there is no such page")
