"""One endpoint's quota, used by us and perhaps by another client, second by second: how much we get, how often in vain.

Only the pure window is at work: requests take a drawn time, and Telnyx counts each somewhere on the way.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random

from services.telnyx_gateway.quota import Priority, QuotaHeaders, QuotaWindow

LIMIT = 40
WINDOW_S = 60.0
_OK, _TOO_MANY = 200, 429

Rival = Callable[[int, Random], list[float]]
"""When in each minute another client asks, in seconds from its beginning."""


@dataclass(slots=True)
class QuotaOutcome:
    """`own_per_minute`: how many of our requests Telnyx counted or refused in each minute."""

    answered: int = 0
    refused: int = 0
    own_per_minute: Counter[int] = field(default_factory=Counter)

    @property
    def refused_share(self) -> float:
        """How many of our requests were in vain."""
        return self.refused / max(1, self.answered + self.refused)


class _Telnyx:
    """Counts everybody's requests in fixed minutes."""

    def __init__(self) -> None:
        self._minute = -1
        self._count = 0

    def take(self, at_s: float) -> tuple[int, QuotaHeaders]:
        minute = int(at_s // WINDOW_S)
        if minute != self._minute:
            self._minute, self._count = minute, 0
        is_taken = self._count < LIMIT
        self._count += is_taken
        reset_s = int(-(-((minute + 1) * WINDOW_S - at_s) // 1))
        told = QuotaHeaders(LIMIT, int(WINDOW_S), LIMIT - self._count, reset_s)
        return (_OK if is_taken else _TOO_MANY), told


def nobody(minute: int, rng: Random) -> list[float]:
    """No other client."""
    del minute, rng
    return []


def steady(per_minute: int) -> Rival:
    """Another client that asks so often, at random."""
    return lambda minute, rng: sorted(rng.uniform(0, WINDOW_S) for _ in range(per_minute))


def bursting(count: int, length_s: float) -> Rival:
    """Another client that asks all it wants to know at once, somewhere in the minute."""

    def moments(minute: int, rng: Random) -> list[float]:
        del minute
        begin_s = rng.uniform(0, WINDOW_S - length_s)
        return sorted(begin_s + rng.uniform(0, length_s) for _ in range(count))

    return moments


class _Drain:
    """Asks as often as the window allows."""

    def __init__(self, rival: Rival, minutes: int, seed: int, priority: Priority) -> None:
        self.outcome = QuotaOutcome()
        self._priority = priority
        self._rng = Random(f"quota {seed}")
        self._happenings: list[tuple[float, int, Callable[[float], None]]] = []
        self._numbers = count()
        self._telnyx = _Telnyx()
        # The process starts somewhere in a minute, and does not know where.
        start_s = self._rng.uniform(0, WINDOW_S)
        self._window = QuotaWindow.assumed(LIMIT, WINDOW_S, start_s + self._rng.uniform(1, WINDOW_S))
        for minute in range(minutes):
            for second in rival(minute, self._rng):
                self._later(minute * WINDOW_S + second, self._rival_asks)
        self._later(start_s, self._look)

    def run(self, end_s: float) -> None:
        """Until a second of the simulation."""
        while self._happenings and self._happenings[0][0] < end_s:
            at_s, _, happen = heapq.heappop(self._happenings)
            happen(at_s)

    def _later(self, at_s: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._happenings, (at_s, next(self._numbers), happen))

    def _rival_asks(self, now_s: float) -> None:
        self._telnyx.take(now_s)

    def _look(self, now_s: float) -> None:
        self._send(now_s)
        self._later(max(now_s + 0.05, self._window.next_change_s(now_s)), self._look)

    def _send(self, now_s: float) -> None:
        self._window = self._window.at(now_s)
        while self._window.may_send(self._priority, now_s):
            self._window = self._window.granting()
            self._later(now_s + self._rng.uniform(0.02, 0.3), self._arrive)

    def _arrive(self, now_s: float) -> None:
        status, told = self._telnyx.take(now_s)
        self.outcome.own_per_minute[int(now_s // WINDOW_S)] += 1
        self.outcome.refused += status == _TOO_MANY
        self.outcome.answered += status == _OK

        def answer(at_s: float) -> None:
            self._window = self._window.at(at_s).answered(status, told, at_s)
            self._send(at_s)

        self._later(now_s + self._rng.uniform(0.02, 0.3), answer)


def drain(rival: Rival, minutes: int, seed: int, priority: Priority = Priority.BACKGROUND) -> QuotaOutcome:
    """Ask as often as the window allows for so many minutes."""
    run = _Drain(rival, minutes, seed, priority)
    run.run(minutes * WINDOW_S)
    return run.outcome
