"""An end to waiting, for many at once: one timer of the loop in all, where asyncio.timeout would set one for each."""

import asyncio
import itertools
from collections.abc import Callable


class Deadlines:
    """Calls back for each who waits longer than `patience_s` seconds."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._keys = itertools.count()
        # All wait equally long: whoever came first is due first.
        self._waiting: dict[int, tuple[float, Callable[[], None]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, on_late: Callable[[], None]) -> int:
        """Begin to wait; gives the key to `stop` with. `on_late` is called at most once, and not after that."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + self._patience_s
        key = next(self._keys)
        self._waiting[key] = due_s, on_late
        if self._timer is None:
            self._timer = loop.call_at(due_s, self._look, loop)
        return key

    def stop(self, key: int) -> None:
        """The wait is over, in time or not."""
        self._waiting.pop(key, None)

    @property
    def longest_wait_s(self) -> float:
        """How long the one who came first has been waiting."""
        first = next(iter(self._waiting.values()), None)
        return 0.0 if first is None else asyncio.get_running_loop().time() - (first[0] - self._patience_s)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = loop.time()
        late = list(itertools.takewhile(lambda item: item[1][0] <= now_s, self._waiting.items()))
        for key, (_, on_late) in late:
            # Unless it was stopped by one of those before it.
            if self._waiting.pop(key, None):
                on_late()
        first = next(iter(self._waiting.values()), None)
        self._timer = None if first is None else loop.call_at(first[0], self._look, loop)
