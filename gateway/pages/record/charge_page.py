"""The page of one message, or of another record that belongs to no call."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.backends import Backends
from gateway.pages.asking import Failure, ask
from gateway.pages.problem_page import problem_page
from gateway.pages.record.charge_view import charge_view
from gateway.pages.record.record_templates import render_record
from gateway.pages.record.surroundings import Surroundings, read_surroundings
from gateway.parameters import path_id
from gateway.problems import Problem
from services.common.clock import Clock
from services.common.errors import NotFound
from tollbook.ledger.v1 import book_pb2, ledger_pb2

_KINDS = {"sms": book_pb2.RECORD_KIND_SMS, "other": book_pb2.RECORD_KIND_OTHER}
_ADVICE = (
    "A message is in the book from its first webhook on, or once a sweep has found its detail record. Compare the id"
    " with the one in Telnyx's portal, or look for the number in the list."
)


class ChargePage:
    """Renders the page: the ledger alone knows all of it."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._ledger = backends.ledger
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """The page as it stands now. Calls have a page of their own, and so has what turned out to be part of one."""
        kind, record_id = str(request.path_params["kind"]), path_id(request)
        around = read_surroundings(request, self._clock.now())
        if kind == "call":
            return RedirectResponse(around.url_of("call", record_id), 303)
        if kind not in _KINDS:
            raise Problem(404, "the kind of a record is call, sms or other")
        asked = ledger_pb2.GetChargeRequest(kind=_KINDS[kind], record_id=record_id)
        answer = await ask(self._ledger.GetCharge, asked)
        if isinstance(answer, Failure):
            return _without_charge(answer, around)
        if not answer.charges:
            return _unknown(around)
        if answer.charges[0].kind == book_pb2.RECORD_KIND_CALL:
            return RedirectResponse(around.url_of("call", answer.charges[0].record_id), 303)
        own_url = around.own_url(kind, record_id)
        return HTMLResponse(
            render_record("charge.html", view=charge_view(answer), around=around, own_url=own_url)
        )


def _without_charge(failure: Failure, around: Surroundings) -> Response:
    if not isinstance(failure.error, NotFound):
        raise failure.error
    return _unknown(around)


def _unknown(around: Surroundings) -> Response:
    problem = Problem(404, "nothing has been charged under this id")
    return problem_page(problem, _ADVICE, around.back_url)
