"""Runs a module whose threads tell the kernel their names: `python -m tests.benchmarks.named_threads services.ledger`.

Python keeps the names of threads to itself, so /proc cannot say which of them used the processor. Threads of libraries
that are not Python's keep the names that they gave themselves, or that of the process.
"""

import runpy
import sys
import threading
from pathlib import Path

_MOST_LETTERS = 15
_run = threading.Thread.run


def _run_named(thread: threading.Thread) -> None:
    name = thread.name.removeprefix("database-")
    task = Path("/proc/self/task") / str(threading.get_native_id())
    (task / "comm").write_text(name[:_MOST_LETTERS])
    _run(thread)


def main() -> None:
    """Become the module that is named on the command line."""
    module = sys.argv.pop(1)
    threading.Thread.run = _run_named  # type: ignore[method-assign, assignment] # that is what this is for
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
