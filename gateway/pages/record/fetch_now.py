"""The button "fetch now": asks Telnyx at once for the cost of one call, and leads back to its page."""

from urllib.parse import parse_qsl

import grpc
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.backends import Backends
from gateway.bodies import read_body
from gateway.cost_fetching import fetch_cost, read_call_id
from gateway.pages.record.fetch_outcomes import Outcome, outcome_of_answer, outcome_of_error
from gateway.pages.record_links import list_query, record_url
from gateway.problems import Problem
from gateway.same_origin import is_same_origin
from services.common.clock import Clock
from services.common.rpc_errors import from_rpc_error

_MAX_FORM_BYTES = 16 * 1024
_MAX_FIELDS = 8
_FORM_TYPE = "application/x-www-form-urlencoded"


class FetchNow:
    """Answers the form with 303 back to the page, which then tells what came of it. htmx follows the same way."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._reconciler = backends.reconciler
        self._clock = clock

    async def fetch(self, request: Request) -> Response:
        """The form's `callControlId`, and `back` and `zone` of the page that it is on. Raises Problem."""
        if not is_same_origin(request.headers):
            raise Problem(403, "this button is only taken from Tollbook's own pages")
        form = await _read_form(request)
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


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each at most once. Raises Problem."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _FORM_TYPE:
        raise Problem(400, f"the body must be a form ({_FORM_TYPE})")
    body = await read_body(request.scope, request.receive, _MAX_FORM_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Problem(400, "the form cannot be read") from None
    return dict(reversed(pairs))
