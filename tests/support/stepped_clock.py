"""Runs a service on a machine whose clock a test sets: `python -m tests.support.stepped_clock services.ledger`.

By how many seconds it is off stands in `clock.<service>` in the folder of the process, and may change at any moment.
Only what the process reads from its own clock is off: not the clock of its database, nor monotonic time.
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.common.clock import SystemClock

RUNNER = ("-m", "tests.support.stepped_clock")
"""For `running_tollbook`."""


def step_clock(folder: Path, service: str, off_s: float) -> None:
    """Set the clock of a service; 0 sets it right."""
    told = folder / f"clock.{service}.new"
    told.write_text(str(off_s))
    told.rename(folder / f"clock.{service}")


def _main(module: str) -> None:
    kept = Path(f"clock.{module.rpartition('.')[2]}")

    def now(_: SystemClock) -> datetime:
        off_s = float(kept.read_text()) if kept.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=off_s)

    SystemClock.now = now  # type: ignore[method-assign, assignment]
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(sys.argv[1])
