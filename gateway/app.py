"""The edge, put together: every route with what it asks of whoever calls it."""

import asyncio
from dataclasses import dataclass, field

import grpc
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from gateway.access import Access, Need
from gateway.audit_api import AuditApi
from gateway.backends import Backends
from gateway.balance_api import BalanceApi
from gateway.batching import EventBatcher
from gateway.billing_api import BillingApi
from gateway.calls_api import CallsApi
from gateway.freshness_watch import FreshnessWatch
from gateway.health import Health
from gateway.middleware import EveryRequest
from gateway.openapi import OpenApi
from gateway.pages.audit.audit_page import AuditPage
from gateway.pages.balance.statement_page import StatementPage
from gateway.pages.elsewhere import no_such_page, to_the_audit, to_the_page
from gateway.pages.links import AUDIT_PATH, STATEMENT_PATH
from gateway.pages.live_feed import LiveFeed
from gateway.pages.live_stream import LiveStream
from gateway.pages.overview.page import BillingPage
from gateway.pages.problem_page import PageEndpoint, ProblemPages
from gateway.pages.record.call_page import CallPage
from gateway.pages.record.charge_page import ChargePage
from gateway.pages.record.fetch_now import FetchNow
from gateway.pages.record.witness_page import WitnessPage
from gateway.problems import Problem, answer_problem
from gateway.public_keys import PublicKeys
from gateway.read_gate import ReadGate
from gateway.records_api import RecordsApi
from gateway.static_files import AssetFiles
from gateway.webhook_door import WebhookDoor
from gateway.webhooks import WebhookReceiver
from services.common.clock import Clock
from services.common.errors import TollbookError

WEBHOOK_PATHS = ("/api/telnyx/webhooks/calls", "/api/telnyx/webhooks/sms")

_SMALL_BYTES = 1024
"""Not worth being compressed."""
_GZIP_LEVEL = 4
"""Most of what can be saved, in a fraction of the time."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the application is made of; whoever opens these closes them."""

    backends: Backends
    keys: PublicKeys
    batcher: EventBatcher
    access: Access
    clock: Clock
    live: LiveFeed
    watch: FreshnessWatch
    is_leaving: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the process is about to end."""


def build_app(edge: Edge) -> ASGIApp:
    """The ASGI application."""
    receiver = WebhookReceiver(edge.keys, edge.batcher.submit, edge.clock)
    return WebhookDoor(WEBHOOK_PATHS, receiver, build_routed_app(edge))


def build_routed_app(edge: Edge) -> Starlette:
    """Everything but the webhooks."""
    gate = ReadGate(lambda: edge.batcher.is_behind)
    app = Starlette(
        routes=[*_health_routes(edge), *_api_routes(edge, gate), *_page_routes(edge, gate)],
        middleware=[Middleware(EveryRequest)],
        exception_handlers={
            Problem: answer_problem,
            TollbookError: answer_problem,
            grpc.aio.AioRpcError: answer_problem,
            HTTPException: answer_problem,
        },
    )
    # A redirect would name whatever host the request claimed.
    app.router.redirect_slashes = False
    return app


def _health_routes(edge: Edge) -> list[BaseRoute]:
    health = Health(edge.backends, edge.keys, edge.watch, edge.access, edge.is_leaving)
    return [
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz, middleware=[edge.access.guard(Need.LOCAL)]),
    ]


def _api_routes(edge: Edge, gate: ReadGate) -> list[BaseRoute]:
    billing = BillingApi(edge.backends, edge.clock)
    records = RecordsApi(edge.backends, edge.clock)
    calls = CallsApi(edge.backends)
    audits = AuditApi(edge.backends, edge.access, edge.clock)
    balances = BalanceApi(edge.backends, edge.clock)
    read = [edge.access.guard(Need.READ), gate.guard()]
    reconcile = [edge.access.guard(Need.RECONCILE)]
    cron = [edge.access.guard(Need.CRON)]
    return [
        Route("/api/billing/balance", billing.balance, middleware=read),
        Route("/api/billing/balance/history", balances.history, middleware=read),
        Route("/api/billing/statement", balances.statement, middleware=read),
        Route("/api/billing/audit", audits.audit, middleware=read),
        Route("/api/billing/records", records.records, middleware=read),
        Route("/api/billing/summary", records.summary, middleware=read),
        Route("/api/billing/calls/{id:path}", calls.call, middleware=read),
        Route("/api/billing/sessions/{id:path}/witnesses", audits.witnesses, middleware=read),
        Route("/api/billing/sessions/{id:path}", calls.session, middleware=read),
        Route("/api/billing/jobs", billing.jobs, middleware=read),
        Route(
            "/api/billing/fetch-call-cost", billing.fetch_call_cost, methods=["POST"], middleware=reconcile
        ),
        Route(
            "/api/cron/process-call-costs",
            billing.process_call_costs,
            methods=["GET", "POST"],
            middleware=cron,
        ),
    ]


def _page_routes(edge: Edge, gate: ReadGate) -> list[BaseRoute]:
    local = [edge.access.guard(Need.LOCAL)]
    viewer = edge.access.guard(Need.PAGE)
    told_as_page = Middleware(ProblemPages)
    page = BillingPage(edge.backends, edge.watch, edge.clock)
    records = RecordsApi(edge.backends, edge.clock)
    return [
        Route("/", to_the_page, middleware=local),
        Route("/billing", page.show, middleware=[told_as_page, viewer, gate.guard(), _smaller()]),
        Route("/billing/live", LiveStream(edge.live), methods=["GET"], middleware=[viewer]),
        Route("/billing/records.csv", records.csv, middleware=[told_as_page, viewer, gate.guard()]),
        *_record_page_routes(edge, gate),
        *_proof_page_routes(edge, gate),
        # After all that begin like it: whoever follows an old link with a browser is told by a page.
        Route(
            "/billing/{path:path}",
            PageEndpoint(no_such_page),
            methods=["GET"],
            middleware=[told_as_page, viewer],
        ),
        Route("/openapi.json", OpenApi().show, middleware=local),
        Mount("/static", AssetFiles(), middleware=local),
    ]


def _record_page_routes(edge: Edge, gate: ReadGate) -> list[BaseRoute]:
    call = CallPage(edge.backends, edge.access, edge.clock)
    charge = ChargePage(edge.backends, edge.clock)
    button = FetchNow(edge.backends, edge.clock)
    witnesses = WitnessPage(edge.backends, edge.clock)
    told_as_pages = Middleware(ProblemPages)
    read = [told_as_pages, edge.access.guard(Need.PAGE), gate.guard(), _smaller()]
    press = [told_as_pages, edge.access.guard(Need.PAGE_RECONCILE)]
    return [
        Route("/billing/calls/{id:path}", PageEndpoint(call.show), methods=["GET"], middleware=read),
        Route(
            "/billing/charges/{kind}/{id:path}", PageEndpoint(charge.show), methods=["GET"], middleware=read
        ),
        Route(
            "/billing/sessions/{id:path}/witnesses",
            PageEndpoint(witnesses.show),
            methods=["GET"],
            middleware=read,
        ),
        Route("/billing/fetch-call-cost", PageEndpoint(button.fetch), methods=["POST"], middleware=press),
        # For whoever reloads the page that a refusal left them on.
        Route("/billing/fetch-call-cost", to_the_page, middleware=read),
    ]


def _proof_page_routes(edge: Edge, gate: ReadGate) -> list[BaseRoute]:
    audit = AuditPage(edge.backends, edge.access, edge.watch, edge.clock)
    statement = StatementPage(edge.backends, edge.watch, edge.clock)
    told_as_pages = Middleware(ProblemPages)
    read = [told_as_pages, edge.access.guard(Need.PAGE), gate.guard(), _smaller()]
    press = [told_as_pages, edge.access.guard(Need.PAGE_RECONCILE)]
    return [
        Route(AUDIT_PATH, PageEndpoint(audit.show), methods=["GET"], middleware=read),
        Route(f"{AUDIT_PATH}/ask-again", PageEndpoint(audit.ask_again), methods=["POST"], middleware=press),
        Route(f"{AUDIT_PATH}/ask-again", to_the_audit, middleware=read),
        Route(STATEMENT_PATH, PageEndpoint(statement.show), methods=["GET"], middleware=read),
    ]


def _smaller() -> Middleware:
    return Middleware(GZipMiddleware, minimum_size=_SMALL_BYTES, compresslevel=_GZIP_LEVEL)
