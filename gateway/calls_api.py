"""One call or one session in full: `/api/billing/calls/{id}` and `/api/billing/sessions/{id}`."""

import grpc
import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import Job
from gateway.backends import Backends
from gateway.call_answers import call_of, detailed_job_of, session_of
from gateway.exact_response import ExactJson
from gateway.parameters import path_id
from tollbook.ledger.v1.ledger_pb2 import GetCallRequest, GetSessionRequest
from tollbook.reconciler.v1.reconciler_pb2 import GetJobRequest

_JOB_TIMEOUT_S = 2.0
_log = structlog.get_logger()


class CallsApi:
    """Endpoints that read one thing from the ledger, and a call's job from the reconciler."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends

    async def call(self, request: Request) -> Response:
        """One leg by any id it is known by."""
        response = await self._backends.ledger.GetCall(GetCallRequest(id=path_id(request)))
        job = await self._job_of(response.call.telnyx_call_id)
        return ExactJson(msgspec.structs.replace(call_of(response.call), job=job))

    async def session(self, request: Request) -> Response:
        """A session with all its legs."""
        response = await self._backends.ledger.GetSession(GetSessionRequest(session_id=path_id(request)))
        return ExactJson(session_of(response.session))

    async def _job_of(self, call_id: str) -> Job | None:
        """The job; None where there is none, and also while the reconciler is down: the call is worth showing."""
        try:
            response = await self._backends.reconciler.GetJob(
                GetJobRequest(call_id=call_id), timeout=_JOB_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                _log.warning("job.unreadable", call_id=call_id, code=error.code().name)
            return None
        return detailed_job_of(response.job)
