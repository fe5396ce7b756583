"""The button "fetch now": asks Telnyx at once for the cost of one call, and leads back to its page."""

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.backends import Backends
from gateway.cost_fetching import fetch_cost, read_call_id
from gateway.pages.fetch_outcomes import Outcome, outcome_of_answer, outcome_of_error
from gateway.pages.forms import read_own_form
from gateway.pages.record_links import list_query, record_url
from services.common.clock import Clock
from services.common.rpc_errors import from_rpc_error


class FetchNow:
    """Answers the form with 303 back to the page, which then tells what came of it. htmx follows the same way."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._reconciler = backends.reconciler
        self._clock = clock

    async def fetch(self, request: Request) -> Response:
        """The form's `callControlId`, and `back` and `zone` of the page that it is on. Raises Problem."""
        form = await read_own_form(request)
        call_id = read_call_id(form.get("callControlId"))
        shown_id, outcome = await self._ask(call_id)
        return RedirectResponse(
            record_url(
                "call",
                shown_id,
                back=list_query(form.get("back", "")),
                zone=form.get("zone", ""),
                outcome=outcome,
                asked=str(int(self._clock.now().timestamp())),
            ),
            303,
        )

    async def _ask(self, call_id: str) -> tuple[str, Outcome]:
        """The id of the page to lead to, and what came of it."""
        try:
            result = await fetch_cost(self._reconciler, call_id)
        except grpc.aio.AioRpcError as error:
            return call_id, outcome_of_error(from_rpc_error(error))
        outcome = outcome_of_answer(is_settled=result.settled, should_retry=result.should_retry)
        return result.call_id or call_id, outcome
