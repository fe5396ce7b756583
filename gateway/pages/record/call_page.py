"""The page of one call: why it cost what it cost. Any id that the leg is known by leads to it."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.access import Access, Need
from gateway.backends import Backends
from gateway.pages.asking import Failure, ask
from gateway.pages.record.call_view import CallAnswers, call_view
from gateway.pages.record.record_templates import render_record
from gateway.pages.record.session_view import first_leg_id
from gateway.pages.record.surroundings import Surroundings, read_surroundings
from gateway.parameters import path_id
from services.common.clock import Clock
from services.common.errors import NotFound
from tollbook.ledger.v1 import book_pb2, ledger_pb2
from tollbook.reconciler.v1 import reconciler_pb2


class CallPage:
    """Renders the page. Without the call itself there is none; each of its other parts fails on its own."""

    def __init__(self, backends: Backends, access: Access, clock: Clock) -> None:
        self._ledger = backends.ledger
        self._reconciler = backends.reconciler
        self._access = access
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """The page as it stands now; 404 with what to do for an id that nothing is known of."""
        call_id = path_id(request)
        around = read_surroundings(request, self._clock.now())
        call, facts = await asyncio.gather(
            ask(self._ledger.GetCall, ledger_pb2.GetCallRequest(id=call_id)),
            ask(self._ledger.ListCallFacts, ledger_pb2.ListCallFactsRequest(id=call_id)),
        )
        if isinstance(call, Failure):
            return await self._without_call(request, call, call_id, around)
        session, job = await asyncio.gather(
            self._session(call.call.session_id), self._job(call.call.telnyx_call_id)
        )
        answers = CallAnswers(leg=call.call, facts=facts, session=session, job=job)
        view = call_view(answers, self._clock.now())
        own_url = around.own_url("call", view.head.call_id)
        return HTMLResponse(
            render_record(
                "call.html", view=view, around=around, own_url=own_url, may_fetch=self._may_fetch(request)
            )
        )

    async def _without_call(
        self, request: Request, failure: Failure, call_id: str, around: Surroundings
    ) -> Response:
        """The id of a session leads to its first leg; for one that is not known the page says what to do."""
        if not isinstance(failure.error, NotFound):
            raise failure.error
        session = await self._session(call_id)
        leg_id = first_leg_id(session.calls) if isinstance(session, book_pb2.Session) else ""
        if leg_id:
            return RedirectResponse(around.url_of("call", leg_id), 303)
        body = render_record(
            "unknown_call.html",
            call_id=call_id,
            around=around,
            own_url=around.own_url("call", call_id),
            may_fetch=self._may_fetch(request),
        )
        return HTMLResponse(body, 404)

    def _may_fetch(self, request: Request) -> bool:
        return self._access.allows(Need.PAGE_RECONCILE, request.headers.raw)

    async def _session(self, session_id: str) -> book_pb2.Session | Failure | None:
        if not session_id:
            return None
        request = ledger_pb2.GetSessionRequest(session_id=session_id)
        answer = await ask(self._ledger.GetSession, request)
        return answer if isinstance(answer, Failure) else answer.session

    async def _job(self, call_id: str) -> reconciler_pb2.Job | Failure:
        request = reconciler_pb2.GetJobRequest(call_id=call_id)
        answer = await ask(self._reconciler.GetJob, request)
        return answer if isinstance(answer, Failure) else answer.job
