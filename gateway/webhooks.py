"""Taking webhooks: verify the raw bytes, read them, have the ledger commit them, and only then acknowledge.

Never a 4xx for a fault of ours: Telnyx repeats a voice webhook on 408, 429 and 5xx only (Telnyx facts, section 2).
"""

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.bodies import check_length, read_body
from gateway.exact_response import ExactJson
from gateway.metrics import WEBHOOKS
from gateway.problems import Problem, ProblemResponse, problem_of
from gateway.public_keys import PublicKeys
from gateway.signature import Verdict, judge
from services.common.clock import Clock
from services.common.errors import TollbookError
from services.telnyx_vocabulary.webhook_event import UNREADABLE_EVENT
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import encode_event
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent as WebhookEventMessage

MAX_BODY_BYTES = 1024 * 1024

_SIGNATURE_HEADER = b"telnyx-signature-ed25519"
_TIMESTAMP_HEADER = b"telnyx-timestamp"
_KEYS_RETRY_AFTER_S = "5"
_log = structlog.get_logger()

SubmitEvent = Callable[[WebhookEventMessage], Awaitable[None]]
"""Returns once the event is committed; raises TollbookError."""


class WebhookReceiver:
    """The ASGI application behind both webhook URLs; each takes every event type."""

    def __init__(self, keys: PublicKeys, submit: SubmitEvent, clock: Clock) -> None:
        self._keys = keys
        self._submit = submit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "POST":
                response = await self._take(scope, receive)
            else:
                response = _answer_check(scope)
        except Problem as problem:
            WEBHOOKS.labels(outcome=f"refused_{problem.status}").inc()
            response = ProblemResponse(problem)
        except ClientDisconnect:
            WEBHOOKS.labels(outcome="disconnected").inc()
            return
        await response(scope, receive, send)

    async def _take(self, scope: Scope, receive: Receive) -> Response:
        await check_length(scope, receive, MAX_BODY_BYTES)
        if not self._keys.current:
            raise Problem(
                503,
                "Telnyx's public key is not known yet, so no webhook can be verified; send it again",
                headers={"Retry-After": _KEYS_RETRY_AFTER_S},
            )
        signature = _only_header(scope, _SIGNATURE_HEADER)
        timestamp = _only_header(scope, _TIMESTAMP_HEADER)
        body = await read_body(scope, receive, MAX_BODY_BYTES)
        verdict = await self._judge(signature, timestamp, body)
        if verdict is Verdict.FORGED:
            _log.warning("webhook.forged", message="a webhook was not signed by Telnyx's key", size=len(body))
            raise Problem(401, "the signature is not Telnyx's")
        await self._commit(body, is_stale=verdict is Verdict.STALE)
        return ExactJson({"success": True})

    async def _judge(self, signature: bytes, timestamp: bytes, body: bytes) -> Verdict:
        tried = self._keys.current
        verdict = judge(tried, signature, timestamp, body, self._clock.now())
        if verdict is Verdict.FORGED and await self._keys.look_again(tried):
            verdict = judge(self._keys.current, signature, timestamp, body, self._clock.now())
        return verdict

    async def _commit(self, body: bytes, *, is_stale: bool) -> None:
        event = read_event(body, self._clock.now(), is_stale)
        line = _log.bind(event_type=event.event_type, event_id=event.event_id, session_id=event.session_id)
        try:
            await self._submit(encode_event(event))
        except TollbookError as error:
            line.warning("webhook.not_recorded", reason=error.detail)
            problem = problem_of(error)
            # What the ledger refuses is a fault of ours too: never a 4xx.
            raise Problem(max(500, problem.status), problem.detail, headers=problem.headers) from error
        if is_stale:
            line.warning("webhook.quarantined", message="signed by Telnyx, but with an old timestamp")
        elif event.event_type == UNREADABLE_EVENT:
            line.warning("webhook.unreadable", size=len(body))
        else:
            line.debug("webhook.recorded")
        WEBHOOKS.labels(outcome="quarantined" if is_stale else "recorded").inc()


def _only_header(scope: Scope, name: bytes) -> bytes:
    values = [value for key, value in scope["headers"] if key == name]
    if len(values) != 1:
        raise Problem(401, f"the header {name.decode()} must be there exactly once")
    return bytes(values[0])


def _answer_check(scope: Scope) -> Response:
    """Someone looks whether the URL is right. With a query it may be Telnyx delivering by GET: that must fail."""
    is_look = scope["method"] in ("GET", "HEAD")
    if not is_look or scope["query_string"]:
        allow = "POST" if is_look else "GET, HEAD, POST"
        raise Problem(405, "webhooks are delivered here by POST", headers={"Allow": allow})
    if scope["method"] == "HEAD":
        return Response(status_code=204)
    return ExactJson({"success": True, "message": "Telnyx can deliver webhooks to this URL by POST."})
