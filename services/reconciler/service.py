"""The reconciler's gRPC service."""

import asyncio
from typing import Any

import grpc

from services.common.deadlines import on_its_own
from services.common.errors import InvalidInput, NotFound, Unavailable
from services.common.wire import to_money
from services.reconciler.codec import decode_status, encode_job
from services.reconciler.cursors import read_token, write_token
from services.reconciler.discovery import Discovery
from services.reconciler.fetch import Fetch
from services.reconciler.jobs import JobStore
from services.reconciler.rounds import RoundCounts, Rounds
from tollbook.reconciler.v1 import reconciler_pb2, reconciler_pb2_grpc

_MAX_ID_LENGTH = 255
_DEFAULT_PAGE_SIZE = 50
_MAX_PAGE_SIZE = 1_000
_LONGEST_FETCH_S = 25.0
_LONGEST_RUN_S = 300.0
_SPARE_S = 0.5
"""Left of the caller's deadline for the answer itself."""

_Context = grpc.aio.ServicerContext[Any, Any]


class ReconcilerService(reconciler_pb2_grpc.ReconcilerServiceServicer):
    """Triggers for people, and the jobs as they stand."""

    def __init__(self, fetch: Fetch, discovery: Discovery, rounds: Rounds, jobs: JobStore) -> None:
        self._fetch = fetch
        self._discovery = discovery
        self._rounds = rounds
        self._jobs = jobs
        self._running: set[asyncio.Task[None]] = set()

    async def FetchCallCost(
        self, request: reconciler_pb2.FetchCallCostRequest, context: _Context
    ) -> reconciler_pb2.FetchCallCostResponse:
        call_id = _checked_id(request.call_id)
        try:
            async with asyncio.timeout(_budget_s(context, _LONGEST_FETCH_S)):
                fetched = await self._fetch.fetch(call_id)
        except TimeoutError as error:
            raise Unavailable("Telnyx has not answered yet; what it answers is kept, so try again") from error
        return reconciler_pb2.FetchCallCostResponse(
            call_id=fetched.call_id,
            settled=fetched.is_settled,
            cost=to_money(fetched.cost),
            message=fetched.message,
            should_retry=fetched.should_retry,
        )

    async def ProcessDue(
        self, request: reconciler_pb2.ProcessDueRequest, context: _Context
    ) -> reconciler_pb2.ProcessDueResponse:
        """When the caller's time is up it is told what has ended so far; the round that runs is finished anyway."""
        del request
        counts = RoundCounts()
        with on_its_own():
            running = asyncio.create_task(self._run_due(counts))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        done, _ = await asyncio.wait({running}, timeout=_budget_s(context, _LONGEST_RUN_S))
        for task in done:
            task.result()
        return reconciler_pb2.ProcessDueResponse(
            processed=counts.processed,
            succeeded=counts.succeeded,
            failed=counts.failed,
            retried=counts.retried,
        )

    async def ListJobs(
        self, request: reconciler_pb2.ListJobsRequest, context: _Context
    ) -> reconciler_pb2.ListJobsResponse:
        del context
        limit = min(request.page_size or _DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE)
        if limit < 1:
            raise InvalidInput("page_size must be above 0", field="page_size")
        page = await self._jobs.page(decode_status(request.status), limit, read_token(request.page_token))
        return reconciler_pb2.ListJobsResponse(
            jobs=map(encode_job, page.jobs), next_page_token=write_token(page.rest)
        )

    async def GetJob(
        self, request: reconciler_pb2.GetJobRequest, context: _Context
    ) -> reconciler_pb2.GetJobResponse:
        del context
        found = await self._jobs.with_history(_checked_id(request.call_id))
        if found is None:
            raise NotFound("there is no job for this call or message", field="call_id")
        return reconciler_pb2.GetJobResponse(job=encode_job(*found))

    async def _run_due(self, counts: RoundCounts) -> None:
        await self._discovery.look_now()
        await self._rounds.run_due(counts)


def _checked_id(call_id: str) -> str:
    if not 0 < len(call_id) <= _MAX_ID_LENGTH or not call_id.isprintable():
        raise InvalidInput(f"call_id must have 1 to {_MAX_ID_LENGTH} printable characters", field="call_id")
    return call_id


def _budget_s(context: _Context, longest_s: float) -> float:
    remaining_s = context.time_remaining()
    return longest_s if remaining_s is None else max(_SPARE_S, min(longest_s, remaining_s - _SPARE_S))
