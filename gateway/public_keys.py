"""The public keys that Telnyx signs webhooks with: set by the operator, or fetched through telnyx-gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import structlog
from nacl.signing import VerifyKey
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from gateway import failpoints
from gateway.signature import read_public_key
from services.common.clock import Clock
from services.common.errors import TelnyxUnreachable, TollbookError

REFRESH_S = 3600.0
"""How often fetched keys are fetched again, so that a rotation is noticed."""

_SHORTEST_REFRESH_S = 60.0
_LONGEST_BACKOFF_S = 30.0
_MAX_KEYS = 10
_log = structlog.get_logger()

FetchKeys = Callable[[], Awaitable[Sequence[str]]]
"""Asks telnyx-gateway for the account's keys (base64). Raises TollbookError."""

Sleep = Callable[[float], Awaitable[None]]


class PublicKeys:
    """The keys that count now. None as long as they are not known."""

    def __init__(
        self, configured: Sequence[VerifyKey], fetch: FetchKeys, clock: Clock, sleep: Sleep = asyncio.sleep
    ) -> None:
        """With `configured` keys nothing is ever fetched."""
        self._is_fixed = bool(configured)
        self._current = tuple(configured)
        self._known = asyncio.Event()
        if configured:
            self._known.set()
        self._fetch = fetch
        self._clock = clock
        self._sleep = sleep
        self._fetching = asyncio.Lock()
        self._fetched_at_s = float("-inf")

    @property
    def current(self) -> tuple[VerifyKey, ...]:
        """The keys; empty while they are unknown."""
        return self._current

    async def known(self) -> None:
        """Return once there are keys."""
        await self._known.wait()

    async def keep_fresh(self) -> None:
        """Fetch the keys, with backoff until they are known, then again every REFRESH_S; runs until cancelled."""
        if self._is_fixed:
            return
        while True:
            retrying = AsyncRetrying(
                retry=retry_if_exception_type(TollbookError),
                wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_BACKOFF_S),
                before_sleep=self._log_failure,
                sleep=self._sleep,
            )
            await retrying(self._renew)
            await self._sleep(REFRESH_S)

    async def look_again(self, tried: tuple[VerifyKey, ...]) -> bool:
        """Fetch once more because a signature matched none of the keys `tried`: has Telnyx's key changed?

        Asks Telnyx at most once a minute, whoever sends what, and never for configured keys. True if there are other
        keys now.
        """
        async with self._fetching:
            if self._current != tried:
                return True
            elapsed_s = self._clock.monotonic_s() - self._fetched_at_s
            if self._is_fixed or elapsed_s < _SHORTEST_REFRESH_S:
                return False
            with suppress(TollbookError):
                await self._fetch_now()
            return self._current != tried

    async def _renew(self) -> None:
        async with self._fetching:
            await self._fetch_now()

    async def _fetch_now(self) -> None:
        self._fetched_at_s = self._clock.monotonic_s()
        texts = (await self._fetch())[:_MAX_KEYS]
        failpoints.KEYS_FETCHED.reached()
        try:
            keys = tuple(read_public_key(text) for text in texts)
        except ValueError as error:
            raise TelnyxUnreachable(f"the webhook public key that Telnyx answered {error}") from error
        if not keys:
            raise TelnyxUnreachable("Telnyx answered without any webhook public key")
        if keys != self._current:
            _log.info("webhook_keys.fetched", count=len(keys))
        self._current = keys
        self._known.set()

    async def _log_failure(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if self._current:
            message = "Telnyx's webhook public key could not be fetched again; the one known so far stays"
        else:
            message = (
                "webhooks are answered with 503: Telnyx's public key is not known yet. "
                "Set TELNYX_PUBLIC_KEY, or see why telnyx-gateway cannot fetch it."
            )
        _log.warning(
            "webhook_keys.unknown", message=message, reason=str(error), attempt=attempt.attempt_number
        )
