"""Taking webhooks: verify the raw bytes, read them, have the ledger commit them, and only then acknowledge.

Never a 4xx for a fault of ours: Telnyx repeats a voice webhook on 408, 429 and 5xx only (Telnyx facts, section 2).
"""

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from gateway import failpoints
from gateway.bodies import BodyReader, check_length
from gateway.exact_response import ExactJson
from gateway.metrics import WEBHOOKS
from gateway.middleware import traced
from gateway.problems import Problem, ProblemResponse, problem_of
from gateway.public_keys import PublicKeys
from gateway.ready_answers import ReadyAnswer, ready
from gateway.signature import Verdict, judge
from services.common.clock import Clock
from services.common.errors import TollbookError
from services.common.logs import writes_debug_lines
from services.telnyx_vocabulary.webhook_event import UNREADABLE_EVENT, WebhookEvent
from services.telnyx_vocabulary.webhook_events import read_event
from services.telnyx_vocabulary.wire import encode_event
from tollbook.telnyx.v1.webhook_event_pb2 import WebhookEvent as WebhookEventMessage

MAX_BODY_BYTES = 1024 * 1024

_SIGNATURE_HEADER = b"telnyx-signature-ed25519"
_TIMESTAMP_HEADER = b"telnyx-timestamp"
_KEYS_RETRY_AFTER_S = "5"
_ACKNOWLEDGED = ready(ExactJson({"success": True}))
_RECORDED = WEBHOOKS.labels(outcome="recorded")
_log = structlog.get_logger()

SubmitEvent = Callable[[WebhookEventMessage], Awaitable[None]]
"""Returns once the event is committed; raises TollbookError."""


class WebhookReceiver:
    """What is behind both webhook URLs; each takes every event type."""

    def __init__(self, keys: PublicKeys, submit: SubmitEvent, clock: Clock) -> None:
        self._keys = keys
        self._submit = submit
        self._clock = clock
        self._bodies = BodyReader(MAX_BODY_BYTES)

    async def answer(self, scope: Scope, receive: Receive) -> ReadyAnswer | None:
        """The answer to one request; None if its sender has hung up."""
        try:
            if scope["method"] != "POST":
                return ready(_answer_check(scope))
            await self._take(scope, receive)
        except Problem as problem:
            WEBHOOKS.labels(outcome=f"refused_{problem.status}").inc()
            return ready(ProblemResponse(problem))
        except ClientDisconnect:
            WEBHOOKS.labels(outcome="disconnected").inc()
            return None
        return _ACKNOWLEDGED

    async def _take(self, scope: Scope, receive: Receive) -> None:
        await check_length(scope, receive, MAX_BODY_BYTES)
        if not self._keys.current:
            raise Problem(
                503,
                "Telnyx's public key is not known yet, so no webhook can be verified; send it again",
                headers={"Retry-After": _KEYS_RETRY_AFTER_S},
            )
        signature, timestamp = _signature_headers(scope)
        body = await self._bodies.read(receive)
        failpoints.WEBHOOK_RECEIVED.reached()
        received_at = self._clock.now()
        verdict = judge(self._keys.current, signature, timestamp, body, received_at)
        if verdict is Verdict.FORGED:
            with traced():
                verdict = await self._judge_again(signature, timestamp, body)
        event = read_event(body, received_at, verdict is Verdict.STALE)
        failpoints.WEBHOOK_READ.reached()
        try:
            await self._submit(encode_event(event))
        except TollbookError as error:
            with traced():
                _line_of(event).warning("webhook.not_recorded", reason=error.detail)
            problem = problem_of(error)
            # What the ledger refuses is a fault of ours too: never a 4xx.
            raise Problem(max(500, problem.status), problem.detail, headers=problem.headers) from error
        failpoints.WEBHOOK_RECORDED.reached()
        _tell_recorded(event)

    async def _judge_again(self, signature: bytes, timestamp: bytes, body: bytes) -> Verdict:
        """The verdict by keys that Telnyx may have changed meanwhile. Raises Problem."""
        verdict = Verdict.FORGED
        if await self._keys.look_again(self._keys.current):
            verdict = judge(self._keys.current, signature, timestamp, body, self._clock.now())
        if verdict is Verdict.FORGED:
            _log.warning("webhook.forged", message="a webhook was not signed by Telnyx's key", size=len(body))
            raise Problem(401, "the signature is not Telnyx's")
        return verdict


def _tell_recorded(event: WebhookEvent) -> None:
    """Count the event; write a line where there is something to see, or somebody who wants to see all."""
    if event.quarantined:
        WEBHOOKS.labels(outcome="quarantined").inc()
    else:
        _RECORDED.inc()
    if event.quarantined or event.event_type == UNREADABLE_EVENT or writes_debug_lines():
        with traced():
            line = _line_of(event)
            if event.quarantined:
                line.warning("webhook.quarantined", message="signed by Telnyx, but with an old timestamp")
            elif event.event_type == UNREADABLE_EVENT:
                line.warning("webhook.unreadable", size=len(event.raw))
            else:
                line.debug("webhook.recorded")


def _line_of(event: WebhookEvent) -> structlog.stdlib.BoundLogger:
    line: structlog.stdlib.BoundLogger = _log.bind(
        event_type=event.event_type, event_id=event.event_id, session_id=event.session_id
    )
    return line


def _signature_headers(scope: Scope) -> tuple[bytes, bytes]:
    signatures: list[bytes] = []
    timestamps: list[bytes] = []
    for name, value in scope["headers"]:
        if name == _SIGNATURE_HEADER:
            signatures.append(value)
        elif name == _TIMESTAMP_HEADER:
            timestamps.append(value)
    if len(signatures) != 1 or len(timestamps) != 1:
        name = _SIGNATURE_HEADER if len(signatures) != 1 else _TIMESTAMP_HEADER
        raise Problem(401, f"the header {name.decode()} must be there exactly once")
    return signatures[0], timestamps[0]


def _answer_check(scope: Scope) -> Response:
    """Someone looks whether the URL is right. With a query it may be Telnyx delivering by GET: that must fail."""
    is_look = scope["method"] in ("GET", "HEAD")
    if not is_look or scope["query_string"]:
        allow = "POST" if is_look else "GET, HEAD, POST"
        raise Problem(405, "webhooks are delivered here by POST", headers={"Allow": allow})
    if scope["method"] == "HEAD":
        return Response(status_code=204)
    return ExactJson({"success": True, "message": "Telnyx can deliver webhooks to this URL by POST."})
