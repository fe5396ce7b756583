"""HTTPS to Telnyx: one request at a time through the quota's door, repeated while that can help."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import httpx
import structlog
from prometheus_client import Counter, Histogram
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from services.common.clock import Clock
from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError
from services.telnyx_gateway import failpoints
from services.telnyx_gateway.clock_skew import read_clock_skew
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.quota_gate import Permit, QuotaGate
from services.telnyx_gateway.refusals import KEY_FIELD, KeyRefused, Retryable, raise_for_status
from services.telnyx_gateway.request import Parsed, Request, UnreadableAnswer
from services.telnyx_gateway.settings import is_loopback
from services.telnyx_gateway.standings import Standings

REQUESTS = Counter(
    "tollbook_telnyx_requests", "Requests to Telnyx, by endpoint and outcome", ["endpoint", "status"]
)
REQUEST_SECONDS = Histogram(
    "tollbook_telnyx_request_seconds", "Time until Telnyx answered, by endpoint", ["endpoint"]
)

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Far more than 50 records need, and with their fields still less than a gRPC message may have."""

_TIMEOUT = httpx.Timeout(20.0, connect=5.0, pool=5.0)
_LIMITS = httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=30.0)
_ANSWER_S = 30.0
"""The longest that one answer may take in all, however slowly it drips."""

_PERSON_ATTEMPTS = 2
_PERSON_ANSWER_S = 4.0
_PERSON_PATIENCE_S = 9.0
"""All attempts together, shortly before the deadline that callers give a call: they are to learn why."""

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_JSON = {"Content-Type": "application/json"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how patiently a request is repeated; waits are drawn at random up to a growing limit."""

    attempt_count: int = 4
    first_s: float = 0.5
    longest_s: float = 8.0


class TelnyxClient:
    """Requests of the endpoints that it was given a door for. Close it."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        gates: Mapping[str, QuotaGate],
        clock: Clock,
        *,
        backoff: Backoff = Backoff(),
        transport: httpx.AsyncBaseTransport | None = None,
        told: Callable[[datetime], None] | None = None,
    ) -> None:
        """An empty `api_key` makes every request a TelnyxRefused. `transport` stands in for the network in tests.

        `told` learns of each answer what time it was at Telnyx when it came.
        """
        self._api_key = api_key
        self._gates = gates
        self._standings = Standings(gates, clock)
        self._clock = clock
        self._told = told
        self._backoff = backoff
        self._clock_skew: timedelta | None = None
        self._http = httpx.AsyncClient(
            base_url=f"{base_url}/v2/",
            headers={
                "Authorization": f"Bearer {api_key}",
                "Accept": "application/json",
                "User-Agent": "tollbook",
            },
            timeout=_TIMEOUT,
            limits=_LIMITS,
            follow_redirects=False,
            # A proxy from the environment is for the way out, never for this machine.
            trust_env=not is_loopback(urlsplit(base_url).hostname or ""),
            transport=transport,
        )

    async def close(self) -> None:
        """Close all connections."""
        self._standings.close()
        await self._http.aclose()

    @property
    def clock_skew(self) -> timedelta | None:
        """Telnyx's clock less ours by the latest answer's `Date`, to a second or two; None where none has told."""
        return self._clock_skew

    async def ask(self, request: Request[Parsed], priority: Priority, *, is_trial: bool = False) -> Parsed:
        """The parsed answer; it was received just before this returns.

        Raises TelnyxRefused, TelnyxUnreachable, QuotaExhausted and, where the request says so, NotFound. What can pass
        (5xx, timeouts, lost connections, bodies that cannot be read, 429) is tried again first, fewer times when a
        person waits. An order is tried again only where Telnyx cannot have taken it. While Telnyx is away or refuses
        the key, it is asked now and then only; `is_trial`: to find out whether it still refuses the key.
        """
        if not self._api_key:
            raise TelnyxRefused(
                "TELNYX_API_KEY is not set: without it Telnyx cannot be asked", field=KEY_FIELD
            )
        is_person = priority is Priority.PERSON
        attempt_count = _PERSON_ATTEMPTS if is_person else self._backoff.attempt_count
        retrying = AsyncRetrying(
            retry=retry_if_exception(partial(_may_repeat, request.order is not None)),
            stop=stop_after_attempt(attempt_count),
            wait=wait_random_exponential(multiplier=self._backoff.first_s, max=self._backoff.longest_s),
            reraise=True,
        )
        try:
            async with asyncio.timeout(_PERSON_PATIENCE_S if is_person else None):
                return await retrying(self._attempt, request, priority, is_trial)
        except TimeoutError as error:
            raise TelnyxUnreachable("Telnyx did not answer in time") from error
        except Retryable as failure:
            raise failure.error from failure

    async def _attempt(self, request: Request[Parsed], priority: Priority, is_trial: bool) -> Parsed:
        """One request, as soon as the quota lets it go and it is worth asking."""
        async with self._gates[request.endpoint].permit(priority) as permit:
            try:
                self._standings.begin(request.endpoint, priority, is_trial=is_trial)
            except (TollbookError, Retryable):
                permit.withdraw()
                raise
            try:
                parsed = await self._exchange(request, priority, permit)
            except Retryable as failure:
                self._note(request.endpoint, failure.error)
                raise
            except TollbookError as error:
                self._note(request.endpoint, error)
                raise
            self._standings.worked(request.endpoint)
            return parsed

    def _note(self, endpoint: str, error: TollbookError) -> None:
        """What an error says of how we stand with Telnyx."""
        match error:
            case TelnyxUnreachable():
                self._standings.failed(endpoint, error)
            case TelnyxRefused(field=field) if field == KEY_FIELD:
                self._standings.refused(endpoint, error, is_for_all=isinstance(error, KeyRefused))
            case _:
                self._standings.worked(endpoint)

    async def _exchange(self, request: Request[Parsed], priority: Priority, permit: Permit) -> Parsed:
        """One request and its answer, counted and logged however it ends."""
        started_s = time.perf_counter()
        outcome = "cancelled"
        try:
            async with asyncio.timeout(_PERSON_ANSWER_S if priority is Priority.PERSON else _ANSWER_S):
                status, body = await self._send(request, permit)
            outcome = str(status)
            raise_for_status(status, body, self._window_left_s(request.endpoint), request.absent)
            return request.parse(body)
        except UnreadableAnswer as error:
            outcome = "unreadable"
            raise Retryable(TelnyxUnreachable(f"Telnyx's answer cannot be read: {error}")) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            outcome = "timeout"
            raise Retryable(
                TelnyxUnreachable("Telnyx did not answer in time"),
                is_undone=isinstance(error, _NEVER_SENT),
            ) from error
        except httpx.RequestError as error:
            outcome = type(error).__name__
            raise Retryable(
                TelnyxUnreachable(f"Telnyx cannot be reached ({outcome})"),
                is_undone=isinstance(error, _NEVER_SENT),
            ) from error
        finally:
            _observe(request.endpoint, request.label, outcome, time.perf_counter() - started_s)

    async def _send(self, request: Request[Parsed], permit: Permit) -> tuple[int, bytes]:
        failpoints.REQUEST_PERMITTED.reached()
        asked_s = self._clock.monotonic_s()
        async with self._http.stream(
            "GET" if request.order is None else "POST",
            request.path or request.endpoint,
            params=dict(request.parameters),
            content=request.order,
            headers=None if request.order is None else _JSON,
        ) as response:
            failpoints.REQUEST_ANSWERED.reached()
            permit.answered(response.status_code, response.headers)
            self._note_clock(response.headers, timedelta(seconds=self._clock.monotonic_s() - asked_s))
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise TelnyxUnreachable(f"Telnyx's answer is larger than {MAX_BODY_BYTES} bytes")
            return response.status_code, bytes(body)

    def _note_clock(self, headers: Mapping[str, str], took: timedelta) -> None:
        """`took`: by monotonic time, for the clock may have stepped since the question."""
        answered_at = self._clock.now()
        skew = read_clock_skew(headers, answered_at - took, answered_at)
        if skew is None:
            return
        self._clock_skew = skew
        if self._told is not None:
            self._told(answered_at + skew)

    def _window_left_s(self, endpoint: str) -> float:
        return (self._gates[endpoint].report().reset_at - self._clock.now()).total_seconds()


def _may_repeat(is_order: bool, error: BaseException) -> bool:
    return isinstance(error, Retryable) and (error.is_undone or not is_order)


def _observe(endpoint: str, label: str, outcome: str, took_s: float) -> None:
    REQUESTS.labels(endpoint=endpoint, status=outcome).inc()
    REQUEST_SECONDS.labels(endpoint=endpoint).observe(took_s)
    level = logging.INFO if outcome.startswith("20") else logging.WARNING
    _log.log(
        level,
        "telnyx.asked",
        endpoint=endpoint,
        status=outcome,
        took_s=round(took_s, 3),
        message=f"{label}: {outcome}",
    )
