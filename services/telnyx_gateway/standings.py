"""How we stand with Telnyx now, endpoint by endpoint and with the API key: what stops requests, and says so once."""

import math
from collections.abc import Iterable
from typing import Final

import structlog

from services.common.clock import Clock
from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError
from services.telnyx_gateway.alarms import KEY_REFUSED, RECORDS_FORBIDDEN, TELNYX_AWAY
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.refusals import KEY_FIELD, Retryable
from services.telnyx_gateway.standing import AWAY, REFUSED, Standing

RECORDS: Final = "detail_records"
"""The endpoint that everything depends on: only of it alarms are raised."""

_ALARM_AFTER_S: Final = 300.0
_WORTH_WAITING_S: Final = 8.0
_TOLD_AT_MOST_S: Final = 15.0
"""Who comes again costs nothing while requests stop, and learns soon that they go again."""

_KEY: Final = "the API key"
_log = structlog.get_logger()


class Standings:
    """Asked before each request, and told what came of it. Use it inside one event loop, and close it.

    An endpoint that does not answer, or is forbidden (403), stops alone; a key that is refused (401) stops all.
    """

    def __init__(self, endpoints: Iterable[str], clock: Clock) -> None:
        names = tuple(endpoints)
        self._clock = clock
        self._away = {name: Standing(AWAY) for name in names}
        self._refused = {name: Standing(REFUSED) for name in (*names, _KEY)}

    def begin(self, endpoint: str, priority: Priority, *, is_trial: bool = False) -> None:
        """A request is about to be sent. `is_trial`: somebody wants to know whether the key works, whatever was so.

        Raises TelnyxRefused and TelnyxUnreachable while requests stop, with when they may go again; the latter as
        Retryable where that is worth waiting for.
        """
        now_s = self._clock.monotonic_s()
        for_person = priority is Priority.PERSON
        for name in (_KEY, endpoint):
            wait_s = self._refused[name].wait_s(now_s, for_person=for_person)
            if wait_s and not is_trial:
                raise TelnyxRefused(
                    f"{self._refused[name].reason}; it is asked again in {math.ceil(wait_s)} s",
                    field=KEY_FIELD,
                    retry_after_s=min(wait_s, _TOLD_AT_MOST_S),
                )
        away = self._away[endpoint]
        if wait_s := away.wait_s(now_s, for_person=for_person):
            error = _unreachable(away, now_s, wait_s)
            raise Retryable(error, is_undone=True) if wait_s <= _WORTH_WAITING_S else error
        self._away[endpoint] = away.asking(now_s)
        for name in (_KEY, endpoint):
            self._refused[name] = self._refused[name].asking(now_s)

    def worked(self, endpoint: str) -> None:
        """Telnyx has answered as Telnyx does, be it that it refused what was asked."""
        self._answered(endpoint)
        for name in (_KEY, endpoint):
            if self._refused[name].is_shut:
                _log.info(
                    "telnyx_key.accepted",
                    endpoint=endpoint,
                    message=f"{endpoint} is answered again with the API key",
                )
            self._refused[name] = self._refused[name].worked()
        KEY_REFUSED.ended()
        if endpoint == RECORDS:
            RECORDS_FORBIDDEN.ended()

    def refused(self, endpoint: str, error: TelnyxRefused, *, is_for_all: bool) -> None:
        """Telnyx has refused the key, for everything or for this endpoint. The error learns when to try again."""
        self._answered(endpoint)
        now_s = self._clock.monotonic_s()
        name = _KEY if is_for_all else endpoint
        before = self._refused[name]
        refused = self._refused[name] = before.failed(str(error), now_s)
        error.retry_after_s = min(refused.wait_s(now_s), _TOLD_AT_MOST_S)
        if is_for_all:
            KEY_REFUSED.raised(f"{error}.")
        elif endpoint == RECORDS:
            RECORDS_FORBIDDEN.raised(f"{error}.")
        elif not before.is_shut:
            _log.warning("telnyx_key.refused", endpoint=endpoint, message=f"{endpoint}: {error}")

    def failed(self, endpoint: str, error: TollbookError) -> None:
        """No usable answer came. The error learns when it is worth trying again, if requests stop now."""
        now_s = self._clock.monotonic_s()
        before = self._away[endpoint]
        away = self._away[endpoint] = before.failed(str(error), now_s)
        error.retry_after_s = max(error.retry_after_s, min(away.wait_s(now_s), _TOLD_AT_MOST_S))
        if away.is_shut and not before.is_shut:
            message = (
                f"{error}, {away.failures} times in a row: {endpoint} is asked now and then until it answers"
            )
            _log.warning("telnyx.away", endpoint=endpoint, message=message)
        if endpoint == RECORDS and now_s - away.since_s >= _ALARM_AFTER_S:
            TELNYX_AWAY.raised(f"Telnyx lists no detail records: {error}.")

    def close(self) -> None:
        """Who no longer asks is not troubled."""
        for alarm in (KEY_REFUSED, RECORDS_FORBIDDEN, TELNYX_AWAY):
            alarm.ended()

    def _answered(self, endpoint: str) -> None:
        away = self._away[endpoint]
        if away.is_shut:
            took_s = self._clock.monotonic_s() - away.since_s
            _log.info(
                "telnyx.back", endpoint=endpoint, message=f"{endpoint} answers again, after {took_s:.0f} s"
            )
        self._away[endpoint] = away.worked()
        if endpoint == RECORDS:
            TELNYX_AWAY.ended()


def _unreachable(away: Standing, now_s: float, wait_s: float) -> TelnyxUnreachable:
    return TelnyxUnreachable(
        f"{away.reason}, for {now_s - away.since_s:.0f} s now; it is asked again in {math.ceil(wait_s)} s",
        retry_after_s=min(wait_s, _TOLD_AT_MOST_S),
    )
