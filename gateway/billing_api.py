"""The account's balance, and the triggers for costs: balance, fetch-call-cost, process-call-costs, jobs."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import Balance, FetchedCost, Jobs, PendingCost, ProcessedJobs
from gateway.backends import Backends
from gateway.book_answers import DEFAULT_CURRENCY, number_of
from gateway.call_answers import JOB_STATUSES, job_of
from gateway.cost_fetching import fetch_cost, read_call_id
from gateway.exact_response import ExactJson
from gateway.parameters import choice_parameter, cursor_parameter, json_object, number_parameter
from services.common.clock import Clock
from tollbook.reconciler.v1.reconciler_pb2 import (
    JOB_STATUS_UNSPECIFIED,
    ListJobsRequest,
    ProcessDueRequest,
)
from tollbook.telnyx.v1.telnyx_gateway_pb2 import GetBalanceRequest, GetBalanceResponse

_PROCESS_TIMEOUT_S = 300.0
_DEFAULT_LIMIT = 50
_MAX_LIMIT = 1000


class BillingApi:
    """Endpoints that ask telnyx-gateway and the reconciler."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._telnyx = backends.telnyx
        self._reconciler = backends.reconciler
        self._clock = clock

    async def balance(self, _: Request) -> Response:
        """The account's balance now."""
        return ExactJson(balance_of(await self._telnyx.GetBalance(GetBalanceRequest())))

    async def fetch_call_cost(self, request: Request) -> Response:
        """Fetch one call's cost now: 200 once it is exact, 202 while Telnyx has not billed it all."""
        call_id = read_call_id((await json_object(request)).get("callControlId"))
        result = await fetch_cost(self._reconciler, call_id)
        found_id = result.call_id or call_id
        if not result.settled:
            pending = PendingCost(
                success=False, call_id=found_id, error=result.message, should_retry=result.should_retry
            )
            return ExactJson(pending, status_code=202)
        fetched = FetchedCost(
            success=True, call_id=found_id, cost=number_of(result.cost), message="The cost is exact."
        )
        return ExactJson(fetched)

    async def process_call_costs(self, _: Request) -> Response:
        """Run every attempt that is due now."""
        result = await self._reconciler.ProcessDue(ProcessDueRequest(), timeout=_PROCESS_TIMEOUT_S)
        answer = ProcessedJobs(
            success=True,
            processed=result.processed,
            succeeded=result.succeeded,
            failed=result.failed,
            retried=result.retried,
            timestamp=self._clock.now(),
        )
        return ExactJson(answer)

    async def jobs(self, request: Request) -> Response:
        """The reconciler's jobs, newest change first."""
        status = choice_parameter(request, "status", {"all": JOB_STATUS_UNSPECIFIED, **JOB_STATUSES}, "all")
        limit = number_parameter(request, "limit", _DEFAULT_LIMIT, highest=_MAX_LIMIT)
        page = await self._reconciler.ListJobs(
            ListJobsRequest(status=status, page_size=limit, page_token=cursor_parameter(request))
        )
        return ExactJson(
            Jobs(jobs=[job_of(job) for job in page.jobs], next_cursor=page.next_page_token or None)
        )


def balance_of(balance: GetBalanceResponse) -> Balance:
    """The balance as an answer."""
    return Balance(
        balance=number_of(balance.balance),
        pending=number_of(balance.pending),
        credit_limit=number_of(balance.credit_limit),
        available_credit=number_of(balance.available_credit),
        currency=balance.balance.currency_code or DEFAULT_CURRENCY,
    )
