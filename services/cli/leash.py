"""Runs a command that cannot outlive its parent: `python leash.py SIGNAL PARENT_PID COMMAND [ARGUMENT ...]`.

The kernel sends SIGNAL (`TERM`, `KILL`) to the command when the parent dies, also when the parent is killed outright
and can clean up nothing. Linux only; elsewhere the command simply runs. A script of its own, run as a fresh
interpreter, because code between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, then become the command."""
    end_signal = signal.Signals[f"SIG{sys.argv[1]}"]
    parent_pid = int(sys.argv[2])
    command = sys.argv[3:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, end_signal)
        # The parent may have died before the kernel was asked: then no signal would ever come.
        if os.getppid() != parent_pid:
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main()
