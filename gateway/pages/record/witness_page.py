"""The witnesses of one session, as a page of their own and as the piece of it that the page of a call shows."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.backends import Backends
from gateway.pages.asking import Failure, ask
from gateway.pages.record.record_templates import render_record
from gateway.pages.record.surroundings import read_surroundings
from gateway.pages.record.witness_view import witness_view
from gateway.pages.zones import show_time
from gateway.parameters import flag_parameter, path_id
from services.common.clock import Clock
from services.common.errors import NotFound
from tollbook.reconciler.v1.audit_pb2 import CompareWitnessesRequest

_ASKING_TIMEOUT_S = 20.0
_READING_TIMEOUT_S = 5.0


class WitnessPage:
    """Renders the page."""

    def __init__(self, backends: Backends, clock: Clock) -> None:
        self._audits = backends.audits
        self._clock = clock

    async def show(self, request: Request) -> Response:
        """What each witness says now. Telnyx is asked only with `askTelnyx`, which is one request. Raises Problem."""
        now = self._clock.now()
        session_id = path_id(request)
        around = read_surroundings(request, now)
        asks_telnyx = flag_parameter(request, "askTelnyx")
        asked = CompareWitnessesRequest(session_id=session_id, ask_telnyx=asks_telnyx)
        answer = await ask(
            self._audits.CompareWitnesses, asked, _ASKING_TIMEOUT_S if asks_telnyx else _READING_TIMEOUT_S
        )
        is_unknown = isinstance(answer, Failure) and isinstance(answer.error, NotFound)
        body = render_record(
            "witnesses.html",
            session_id=session_id,
            around=around,
            own_url=around.witnesses_url(session_id),
            read_at=show_time(now, around.zone),
            compared=answer if isinstance(answer, Failure) else witness_view(answer),
        )
        return HTMLResponse(body, 404 if is_unknown else 200)
