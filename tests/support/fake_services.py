"""The services behind the edge as small fakes on real gRPC servers, so that the edge is tested through the wire.

    async with open_fakes() as fakes:
        fakes.ledger.charges = [...]
        Targets(*fakes.targets)

Each fake answers from its fields; `errors["GetBalance"] = NotFound(...)` makes one method fail.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from gateway.backends import Targets
from services.common.addresses import Address
from services.common.errors import InvalidInput, NotFound
from services.common.server import Endpoint, open_server
from tests.support.fake import Context, Fake
from tests.support.fake_proof_services import FakeAudits, FakeBalances
from tollbook.ledger.v1 import balance_pb2_grpc, book_pb2, ledger_pb2, ledger_pb2_grpc
from tollbook.reconciler.v1 import audit_pb2_grpc, reconciler_pb2, reconciler_pb2_grpc
from tollbook.telnyx.v1 import telnyx_gateway_pb2, telnyx_gateway_pb2_grpc, webhook_event_pb2

_Offered = Mapping[str, tuple[Callable[[Any, grpc.aio.Server], None], Fake]]
"""Servicers by the full names of their services, each with what registers it."""


@dataclass
class FakeLedger(Fake, ledger_pb2_grpc.LedgerServiceServicer):
    """Keeps events; answers with the charges, sums, calls and sessions that the test gave it."""

    events: list[webhook_event_pb2.WebhookEvent] = field(default_factory=list)
    refused_event_ids: dict[str, Exception] = field(default_factory=dict)
    charges: list[book_pb2.Charge] = field(default_factory=list)
    exported: Iterable[bytes | Exception] = (b"id,cost\r\n", b"v3:1,0.015\r\n")
    """What ExportCharges tells, one after the other; an exception breaks it off."""
    ended: list[str] = field(default_factory=list)
    """Streams that have come to their end, by method."""
    summary: ledger_pb2.SummarizeResponse = field(default_factory=ledger_pb2.SummarizeResponse)
    calls: dict[str, book_pb2.CallLeg] = field(default_factory=dict)
    sessions: dict[str, book_pb2.Session] = field(default_factory=dict)
    groups: dict[int, list[ledger_pb2.SummaryGroup]] = field(default_factory=dict)
    call_facts: dict[str, ledger_pb2.ListCallFactsResponse] = field(default_factory=dict)
    charge_details: dict[str, ledger_pb2.GetChargeResponse] = field(default_factory=dict)
    changes: asyncio.Queue[ledger_pb2.WatchChargesResponse | Exception] = field(default_factory=asyncio.Queue)
    """What WatchCharges tells next; an exception breaks it off."""
    summarizes: Callable[[ledger_pb2.SummarizeRequest], ledger_pb2.SummarizeResponse] | None = None
    """In place of `summary` and `groups`, where the answer depends on the filter."""
    commits_when: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.commits_when.set()

    async def RecordEvents(
        self, request: ledger_pb2.RecordEventsRequest, context: Context
    ) -> ledger_pb2.RecordEventsResponse:
        self.took("RecordEvents", request)
        await self.commits_when.wait()
        for event in request.events:
            if event.event_id in self.refused_event_ids:
                raise self.refused_event_ids[event.event_id]
        self.events.extend(request.events)
        return ledger_pb2.RecordEventsResponse(new_count=len(request.events))

    async def ListCharges(
        self, request: ledger_pb2.ListChargesRequest, context: Context
    ) -> ledger_pb2.ListChargesResponse:
        self.took("ListCharges", request)
        if request.page_token and not request.page_token.isdecimal():
            raise InvalidInput(
                "the cursor is not one that Tollbook gave out: start again without it", "page_token"
            )
        start = int(request.page_token or 0)
        end = start + request.page_size
        token = str(end) if end < len(self.charges) else ""
        return ledger_pb2.ListChargesResponse(charges=self.charges[start:end], next_page_token=token)

    async def ExportCharges(
        self, request: ledger_pb2.ExportChargesRequest, context: Context
    ) -> AsyncIterator[ledger_pb2.ExportChargesResponse]:
        self.took("ExportCharges", request)
        try:
            for lines in self.exported:
                if isinstance(lines, Exception):
                    raise lines
                yield ledger_pb2.ExportChargesResponse(lines=lines)
        finally:
            self.ended.append("ExportCharges")

    async def Summarize(
        self, request: ledger_pb2.SummarizeRequest, context: Context
    ) -> ledger_pb2.SummarizeResponse:
        self.took("Summarize", request)
        if self.summarizes is not None:
            return self.summarizes(request)
        return ledger_pb2.SummarizeResponse(
            totals=self.summary.totals, groups=self.groups.get(request.group_by, self.summary.groups)
        )

    async def GetCall(
        self, request: ledger_pb2.GetCallRequest, context: Context
    ) -> ledger_pb2.GetCallResponse:
        self.took("GetCall", request)
        if request.id not in self.calls:
            raise NotFound("no call is known under this id")
        return ledger_pb2.GetCallResponse(call=self.calls[request.id])

    async def GetSession(
        self, request: ledger_pb2.GetSessionRequest, context: Context
    ) -> ledger_pb2.GetSessionResponse:
        self.took("GetSession", request)
        if request.session_id not in self.sessions:
            raise NotFound("no session is known under this id")
        return ledger_pb2.GetSessionResponse(session=self.sessions[request.session_id])

    async def ListCallFacts(
        self, request: ledger_pb2.ListCallFactsRequest, context: Context
    ) -> ledger_pb2.ListCallFactsResponse:
        self.took("ListCallFacts", request)
        return self.call_facts.get(request.id, ledger_pb2.ListCallFactsResponse())

    async def GetCharge(
        self, request: ledger_pb2.GetChargeRequest, context: Context
    ) -> ledger_pb2.GetChargeResponse:
        self.took("GetCharge", request)
        if request.record_id not in self.charge_details:
            raise NotFound("no charge is known under this id")
        return self.charge_details[request.record_id]

    async def WatchCharges(
        self, request: ledger_pb2.WatchChargesRequest, context: Context
    ) -> AsyncIterator[ledger_pb2.WatchChargesResponse]:
        self.took("WatchCharges", request)
        yield ledger_pb2.WatchChargesResponse(position=request.position or "0")
        while True:
            change = await self.changes.get()
            if isinstance(change, Exception):
                raise change
            yield change


@dataclass
class FakeTelnyxGateway(Fake, telnyx_gateway_pb2_grpc.TelnyxGatewayServiceServicer):
    """Knows one balance and the account's keys."""

    balance: telnyx_gateway_pb2.GetBalanceResponse = field(
        default_factory=telnyx_gateway_pb2.GetBalanceResponse
    )
    public_keys: list[str] = field(default_factory=list)

    async def GetBalance(
        self, request: telnyx_gateway_pb2.GetBalanceRequest, context: Context
    ) -> telnyx_gateway_pb2.GetBalanceResponse:
        self.took("GetBalance", request)
        return self.balance

    async def GetPublicKeys(
        self, request: telnyx_gateway_pb2.GetPublicKeysRequest, context: Context
    ) -> telnyx_gateway_pb2.GetPublicKeysResponse:
        self.took("GetPublicKeys", request)
        return telnyx_gateway_pb2.GetPublicKeysResponse(public_keys=self.public_keys)


@dataclass
class FakeReconciler(Fake, reconciler_pb2_grpc.ReconcilerServiceServicer):
    """Answers fetches and runs as the test says; knows some jobs."""

    fetched: reconciler_pb2.FetchCallCostResponse = field(
        default_factory=reconciler_pb2.FetchCallCostResponse
    )
    processed: reconciler_pb2.ProcessDueResponse = field(default_factory=reconciler_pb2.ProcessDueResponse)
    jobs: list[reconciler_pb2.Job] = field(default_factory=list)

    async def FetchCallCost(
        self, request: reconciler_pb2.FetchCallCostRequest, context: Context
    ) -> reconciler_pb2.FetchCallCostResponse:
        self.took("FetchCallCost", request)
        return self.fetched

    async def ProcessDue(
        self, request: reconciler_pb2.ProcessDueRequest, context: Context
    ) -> reconciler_pb2.ProcessDueResponse:
        self.took("ProcessDue", request)
        return self.processed

    async def ListJobs(
        self, request: reconciler_pb2.ListJobsRequest, context: Context
    ) -> reconciler_pb2.ListJobsResponse:
        self.took("ListJobs", request)
        return reconciler_pb2.ListJobsResponse(jobs=self.jobs[: request.page_size], next_page_token="next")

    async def GetJob(
        self, request: reconciler_pb2.GetJobRequest, context: Context
    ) -> reconciler_pb2.GetJobResponse:
        self.took("GetJob", request)
        for job in self.jobs:
            if job.call_id == request.call_id:
                return reconciler_pb2.GetJobResponse(job=job)
        raise NotFound("no job is known for this call")


@dataclass(frozen=True, slots=True)
class Fakes:
    """The fakes, and where they listen: the balances beside the ledger, the audits beside the reconciler."""

    ledger: FakeLedger
    balances: FakeBalances
    telnyx: FakeTelnyxGateway
    reconciler: FakeReconciler
    audits: FakeAudits
    targets: Targets


@asynccontextmanager
async def open_fakes() -> AsyncIterator[Fakes]:
    """Serve all of them on free loopback ports while the context is open."""
    # The methods that the edge never calls stay as the generated base class has them: unimplemented.
    ledger = FakeLedger()  # type: ignore[abstract]
    balances = FakeBalances()  # type: ignore[abstract]
    telnyx = FakeTelnyxGateway()  # type: ignore[abstract]
    reconciler = FakeReconciler()
    audits = FakeAudits()
    async with AsyncExitStack() as stack:

        async def serve(offered: _Offered) -> str:
            def add_all(server: grpc.aio.Server) -> None:
                for add, servicer in offered.values():
                    add(servicer, server)

            endpoint = Endpoint(
                listen=Address("127.0.0.1", 0),
                listen_variable="TEST_LISTEN",
                service_names=tuple(offered),
                add_servicers=add_all,
            )
            return str(await stack.enter_async_context(open_server(endpoint)))

        targets = Targets(
            ledger=await serve(
                {
                    "tollbook.ledger.v1.LedgerService": (
                        ledger_pb2_grpc.add_LedgerServiceServicer_to_server,
                        ledger,
                    ),
                    "tollbook.ledger.v1.BalanceService": (
                        balance_pb2_grpc.add_BalanceServiceServicer_to_server,
                        balances,
                    ),
                }
            ),
            telnyx_gateway=await serve(
                {
                    "tollbook.telnyx.v1.TelnyxGatewayService": (
                        telnyx_gateway_pb2_grpc.add_TelnyxGatewayServiceServicer_to_server,
                        telnyx,
                    )
                }
            ),
            reconciler=await serve(
                {
                    "tollbook.reconciler.v1.ReconcilerService": (
                        reconciler_pb2_grpc.add_ReconcilerServiceServicer_to_server,
                        reconciler,
                    ),
                    "tollbook.reconciler.v1.AuditService": (
                        audit_pb2_grpc.add_AuditServiceServicer_to_server,
                        audits,
                    ),
                }
            ),
        )
        yield Fakes(ledger, balances, telnyx, reconciler, audits, targets)
