"""One process, killed and started again until its part of the plan is carried out."""

import signal
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tests.benchmarks.timing import tell
from tests.chaos.kills.plan import Kill
from tests.support.processes import ProcessError, RunningProcess, Tollbook

_PATIENCE_S: Final = 15.0
"""How long a process may live without coming to the place at which it is to die; each time it is tried as long again.

What it waits for may just be killed itself: later there are fewer kills beside.
"""

_MOST_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Death:
    """A process that was killed: at a place, or (empty) at a random moment."""

    service: str
    place: str


@dataclass(slots=True)
class Lane:
    """Kills one service of a Tollbook, and leaves it running at the end.

    `before_start` is called while it is dead.
    """

    tollbook: Tollbook
    service: str
    plan: Sequence[Kill]
    before_start: Callable[[], None]
    is_stopped: bool = False
    """Set from outside to end it early."""
    deaths: list[Death] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    """Places to which it did not come, however often it was tried."""

    def run_scarce(self) -> None:
        """Carry out that part of the plan for which there may be nothing left later. Raises like run."""
        self._run([kill for kill in self.plan if kill.is_scarce])

    def run(self) -> None:
        """Carry out the rest of the plan. Raises ProcessError when the process ends in any other way."""
        self._run([kill for kill in self.plan if not kill.is_scarce])

    def _run(self, kills: Sequence[Kill]) -> None:
        if not kills:
            return
        left = deque((kill, 1) for kill in kills)
        self.tollbook.kill(self.service)
        while left and not self.is_stopped:
            kill, tries = left.popleft()
            if self._carry_out(kill, _PATIENCE_S * tries):
                continue
            tell(f"  {self.service}: {kill.place} was not reached")
            if tries < _MOST_TRIES:
                left.append((replace(kill, passes=1), tries + 1))
            else:
                self.missed.append(kill.place)
        self.missed += [kill.place for kill, _ in left if kill.place]
        self.before_start()
        self.tollbook.start(self.service)

    def _carry_out(self, kill: Kill, patience_s: float) -> bool:
        """Start the process and have it killed; whether that was where it was to be."""
        self.before_start()
        process = self.tollbook.begin(self.service, kill.failpoints)
        if _has_died(process, patience_s if kill.place else kill.after_s):
            del self.tollbook.running[self.service]
            self.deaths.append(Death(self.service, kill.place))
            return True
        self.tollbook.kill(self.service)
        self.deaths.append(Death(self.service, ""))
        return not kill.place


def _has_died(process: RunningProcess, timeout_s: float) -> bool:
    """Whether it has killed itself by then. Raises ProcessError when it has ended otherwise."""
    try:
        code = process.popen.wait(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return False
    if code != -signal.SIGKILL:
        raise ProcessError(f"{process.name} ended with code {code}\n{process.log_text()[-3_000:]}")
    return True
