"""The request quota of one Telnyx endpoint, as a value: what is left, for whom, and until when.

Telnyx counts requests in fixed windows and tells the state in three headers with every answer (Telnyx facts,
section 3). Seconds here are those of a monotonic clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

_MAX_LIMIT = 1_000_000
_MAX_WINDOW_S = 86_400
_LEAST_PAUSE_S = 1.0
_TOO_MANY = 429
_SERVER_FAULT = 500
_MAX_IN_FLIGHT = 4
_PERSON_SHARE = 10
_JOB_SHARE = 4
_FIRST_JOB_SHARE = 20
"""Kept where no job came lately: the first attempt of a quiet account must not wait for sweeps."""

_RELEASE_SHARE = 20
_JOBS_LATELY_WINDOWS = 2
_STALE_S = 5.0
_IN_FLIGHT_BESIDE_OTHERS = 2
_SPARE_BESIDE_OTHERS = 2
_LONG_AGO = float("-inf")
_LIMIT = re.compile(r"\s*([0-9]{1,7})\s*(?:,.*)?", re.ASCII)
_POLICY = re.compile(r"\s*([0-9]{1,7})\s*;\s*w=([0-9]{1,6})\s*", re.ASCII)
_COUNT = re.compile(r"\s*([0-9]{1,7})\s*", re.ASCII)


class Priority(IntEnum):
    """Who waits for an answer; the smaller number goes first."""

    PERSON = 1
    JOB = 2
    BACKGROUND = 3


@dataclass(frozen=True, slots=True)
class QuotaHeaders:
    """What one answer said of the quota. None where a header was absent or made no sense."""

    limit: int | None = None
    window_s: int | None = None
    remaining: int | None = None
    reset_s: int | None = None


def read_quota_headers(headers: Mapping[str, str]) -> QuotaHeaders:
    """Read `x-ratelimit-limit: 40, 40;w=60`, `x-ratelimit-remaining` and `x-ratelimit-reset`."""
    stated = headers.get("x-ratelimit-limit", "")
    first = _LIMIT.fullmatch(stated)
    limit = int(first[1]) if first else 0
    window_s = None
    for policy in stated.split(",")[1:]:
        match = _POLICY.fullmatch(policy)
        if match and int(match[1]) == limit > 0 and 0 < int(match[2]) <= _MAX_WINDOW_S:
            window_s = int(match[2])
    remaining = _COUNT.fullmatch(headers.get("x-ratelimit-remaining", ""))
    reset = _COUNT.fullmatch(headers.get("x-ratelimit-reset", ""))
    return QuotaHeaders(
        limit=limit if 0 < limit <= _MAX_LIMIT else None,
        window_s=window_s,
        remaining=int(remaining[1]) if remaining else None,
        reset_s=int(reset[1]) if reset and int(reset[1]) <= _MAX_WINDOW_S else None,
    )


@dataclass(frozen=True, slots=True)
class QuotaWindow:
    """One window of the quota, as far as the answers have told it.

    `granted`: requests that we let go in this window. `least_told`: the smallest remainder that an answer of this
    window named; the quota is the account's, and other programs may use it too. `in_flight`: granted and not yet
    answered: Telnyx may or may not have counted them. `is_confirmed`: an answer of this window has come; before
    that only one request goes at a time, so that a wrong idea of the window costs one 429 at most. `is_aligned`: some
    answer, of this window or an earlier one, has told when windows end; before that the end is a guess. `told_s`: when
    the last answer came. `jobs_s`: when a job last asked for its turn. `is_shared`: another client was seen to use the
    quota, in this window or in the one before.
    """

    limit: int
    window_s: float
    ends_s: float
    granted: int = 0
    least_told: int = 0
    in_flight: int = 0
    is_confirmed: bool = False
    is_aligned: bool = False
    is_shared: bool = False
    told_s: float = _LONG_AGO
    jobs_s: float = _LONG_AGO

    @classmethod
    def assumed(cls, limit: int, window_s: float, ends_s: float) -> "QuotaWindow":
        """A window of which no answer has told anything yet."""
        return cls(limit, window_s, ends_s, least_told=limit)

    def at(self, now_s: float) -> "QuotaWindow":
        """The window that runs now: this one, or a fresh one once this has ended."""
        if now_s < self.ends_s:
            return self
        windows_since = (now_s - self.ends_s) // self.window_s + 1
        return _renewed(self, self.ends_s + windows_since * self.window_s)

    @property
    def remaining(self) -> int:
        """How many requests may certainly still go: every request in flight counts as if it were yet to be counted."""
        return max(0, min(self.limit - self.granted, self.least_told - self.in_flight))

    @property
    def used_by_others(self) -> int:
        """How many requests Telnyx has counted in this window that were not ours, as far as answers have told."""
        return max(0, self.limit - self.least_told - self.granted) if self.is_confirmed else 0

    def may_send(self, priority: Priority, now_s: float) -> bool:
        """Whether one more request of this priority may go now."""
        if self.in_flight >= self._most_in_flight(now_s):
            return False
        return self.remaining > self._reserve(priority, now_s)

    def is_spent(self) -> bool:
        """Whether nothing is left for anybody until the window ends, whatever the running requests bring."""
        return min(self.limit - self.granted, self.least_told) <= 0

    def next_change_s(self, now_s: float) -> float:
        """The next moment at which may_send can change by time alone: the reserves are released, or the window ends."""
        release_s = self.ends_s - self.window_s / _RELEASE_SHARE
        return release_s if release_s > now_s else self.ends_s

    def wanted(self, priority: Priority, now_s: float) -> "QuotaWindow":
        """After a request of this priority came and waits for its turn."""
        return replace(self, jobs_s=now_s) if priority is Priority.JOB else self

    def granting(self) -> "QuotaWindow":
        """After one request was let go."""
        return replace(self, granted=self.granted + 1, in_flight=self.in_flight + 1)

    def answered(self, status: int, told: QuotaHeaders, now_s: float) -> "QuotaWindow":
        """After an answer came, with its HTTP status and what its headers said."""
        limit = told.limit or self.limit
        window = replace(
            self,
            limit=limit,
            window_s=told.window_s or self.window_s,
            # Nobody has named a remainder yet: what was assumed moves with the limit.
            least_told=self.least_told if self.is_confirmed else self.least_told + limit - self.limit,
            in_flight=max(0, self.in_flight - 1),
            told_s=now_s,
        )
        if status == _TOO_MANY and not told.remaining:
            return _closed(window, told, now_s)
        if told.reset_s is not None:
            if _is_of_an_earlier_window(window, now_s + told.reset_s):
                return replace(window, granted=max(0, window.granted - 1))
            window = _ending(window, now_s + told.reset_s)
        remaining = window.least_told - 1 if told.remaining is None else told.remaining
        window = replace(
            window,
            least_told=max(0, min(window.least_told, remaining)),
            is_confirmed=window.is_confirmed or told.remaining is not None or status < _SERVER_FAULT,
        )
        return replace(window, is_shared=window.is_shared or window.used_by_others > 0)

    def lost(self) -> "QuotaWindow":
        """After a request ended without an answer: Telnyx may have counted it, so it counts."""
        return replace(self, in_flight=max(0, self.in_flight - 1), least_told=max(0, self.least_told - 1))

    def withdrawn(self) -> "QuotaWindow":
        """After a request that was let go was not sent after all."""
        return replace(self, in_flight=max(0, self.in_flight - 1), granted=max(0, self.granted - 1))

    def _most_in_flight(self, now_s: float) -> int:
        """Until an answer has told where the window stands, one request goes ahead and asks.

        What was told is no longer sure after a while: another client may have come.
        """
        if not self.is_confirmed or now_s > self.told_s + _STALE_S:
            return 1
        return _IN_FLIGHT_BESIDE_OTHERS if self.is_shared else _MAX_IN_FLIGHT

    def _reserve(self, priority: Priority, now_s: float) -> int:
        """What must stay for those before: people always find something, and jobs, if any came lately, too.

        Beside another client a little is left for what it has asked since the last answer. In the last twentieth of the
        window the reserves are released: unused they would be lost, and whoever comes then need not wait long for the
        next.
        """
        is_released = self.ends_s - now_s <= self.window_s / _RELEASE_SHARE
        for_people = 0 if is_released else self.limit // _PERSON_SHARE
        have_come = now_s - self.jobs_s <= _JOBS_LATELY_WINDOWS * self.window_s
        share = _JOB_SHARE if have_come else _FIRST_JOB_SHARE
        for_jobs = 0 if is_released else self.limit // share
        spare = _SPARE_BESIDE_OTHERS if self.is_shared else 0
        match priority:
            case Priority.PERSON:
                return 0
            case Priority.JOB:
                return for_people + spare
            case Priority.BACKGROUND:
                return for_people + for_jobs + spare


def _renewed(window: QuotaWindow, ends_s: float) -> QuotaWindow:
    """The window after this one. What is still in flight may be counted in it."""
    return replace(
        window,
        ends_s=ends_s,
        granted=window.in_flight,
        least_told=window.limit,
        is_confirmed=False,
        is_shared=window.is_shared and (window.used_by_others > 0 or window.least_told == 0),
    )


def _ending(window: QuotaWindow, ends_s: float) -> QuotaWindow:
    """`x-ratelimit-reset` is rounded up and some time old, so the earliest end that was told is the nearest.

    Before the first answer the end was a guess, and any word of Telnyx is better.
    """
    if not window.is_aligned:
        return replace(window, ends_s=ends_s, is_aligned=True)
    if ends_s > window.ends_s + window.window_s / 2:
        return _renewed(window, ends_s)
    return replace(window, ends_s=min(window.ends_s, ends_s))


def _is_of_an_earlier_window(window: QuotaWindow, ends_s: float) -> bool:
    """Whether an answer was under way while the window turned: what it tells is over, and its request counted there."""
    return window.is_aligned and ends_s < window.ends_s - window.window_s / 2


def _closed(window: QuotaWindow, told: QuotaHeaders, now_s: float) -> QuotaWindow:
    """After a 429 that left nothing: silence until the end it named."""
    ends_s = window.ends_s if told.reset_s is None else now_s + told.reset_s
    return replace(
        window,
        least_told=0,
        ends_s=max(ends_s, now_s + _LEAST_PAUSE_S),
        is_confirmed=True,
        is_aligned=window.is_aligned or told.reset_s is not None,
        # Who knows the window does not ask in vain unless somebody else asks too.
        is_shared=window.is_shared or window.is_aligned,
    )
