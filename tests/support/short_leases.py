"""`python -m tests.support.short_leases services.reconciler`: a reconciler whose leases end soon.

A test that waits for one to end need not wait for half a minute; the promise in seconds is for `make chaos`.
"""

import runpy
import sys
from datetime import timedelta

from services.reconciler import leadership, reclaiming, rounds

_JOB_LEASE = timedelta(seconds=10)
_LEAD = timedelta(seconds=8)


def main() -> None:
    """Run the module that is named as if it were the program."""
    rounds.LEASE = _JOB_LEASE  # type: ignore[misc]
    leadership.LEASE = _LEAD  # type: ignore[misc]
    leadership.RENEW_EVERY_S, leadership.LOOK_EVERY_S = 1.0, 0.3  # type: ignore[misc]
    reclaiming._EVERY_S = 0.3  # type: ignore[misc]
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
