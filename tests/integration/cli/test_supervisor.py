"""The supervisor with tiny processes in place of the four: restarts, the order of the end, nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from services.cli.backoff import Backoff
from services.cli.processes import Command, KeptProcess, ProcessRefused
from services.cli.supervisor import EndLimits, Supervisor
from services.common.process import EXIT_REFUSED
from tests.support.processes import ROOT
from tests.support.waiting import until

_LIMIT_S = 20.0

# Notes its start in the file `notes`, and its end when it is asked to end.
_POLITE = """
import os, signal, sys
def note(what):
    with open("notes", "a") as notes:
        notes.write(f"{NAME} {what}\\n")
def end(*_):
    note("ended")
    sys.exit()
signal.signal(signal.SIGTERM, end)
note("started")
while True:
    signal.pause()
"""
_STUBBORN = _POLITE.replace('note("ended")\n    sys.exit()', 'note("refused")')
_DYING = _POLITE.replace("while True:\n    signal.pause()", "sys.exit(3)")


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the processes of this test have noted so far; they work in its folder."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "notes"
    return lambda: file.read_text().splitlines() if file.exists() else []


def _kept(name: str, code: str, on_line: Callable[[bytes], None] | None = None) -> KeptProcess:
    arguments = (sys.executable, "-I", "-c", f"NAME = {name!r}\n{code}")
    backoff = Backoff(first_delay_s=0.01, longest_delay_s=0.02)
    return KeptProcess(Command(name, arguments, dict(os.environ)), backoff, on_line)


async def test_a_process_that_dies_is_started_again(notes: Callable[[], list[str]]) -> None:
    async with Supervisor() as supervisor:
        supervisor.start(_kept("ledger", _DYING))
        supervisor.start(_kept("edge", _POLITE))
        await until(lambda: notes().count("ledger started") >= 3)
    assert notes().count("edge started") == 1


async def test_a_killed_process_is_started_again(notes: Callable[[], list[str]]) -> None:
    lines: list[bytes] = []
    async with Supervisor() as supervisor:
        supervisor.start(
            _kept("ledger", f"import os\nprint(os.getpid(), flush=True)\n{_POLITE}", lines.append)
        )
        await until(lambda: notes().count("ledger started") == 1)
        os.kill(int(lines[0]), signal.SIGKILL)
        await until(lambda: notes().count("ledger started") == 2)
    assert notes() == ["ledger started", "ledger started", "ledger ended"]


async def test_the_last_one_started_ends_first(notes: Callable[[], list[str]]) -> None:
    stop = asyncio.Event()
    async with Supervisor() as supervisor:
        for name in ("ledger", "reconciler", "edge"):
            supervisor.start(_kept(name, _POLITE))
        await until(lambda: len(notes()) == 3)
        stop.set()
        await supervisor.run_until(stop)
    assert notes()[3:] == ["edge ended", "reconciler ended", "ledger ended"]


async def test_one_that_does_not_end_is_killed_and_the_others_still_end_in_order(
    notes: Callable[[], list[str]],
) -> None:
    started_s = 0.0
    async with Supervisor(EndLimits(turn_s=0.1, total_s=0.5)) as supervisor:
        supervisor.start(_kept("ledger", _POLITE))
        supervisor.start(_kept("edge", _STUBBORN))
        await until(lambda: len(notes()) == 2)
        started_s = time.monotonic()
    assert time.monotonic() - started_s < _LIMIT_S / 2
    assert notes()[2:] == ["edge refused", "ledger ended"]


async def test_a_process_that_cannot_run_as_it_is_set_up_ends_them_all(
    notes: Callable[[], list[str]],
) -> None:
    with pytest.raises(ProcessRefused, match="ledger"):
        async with Supervisor() as supervisor:
            supervisor.start(_kept("edge", _POLITE))
            await until(lambda: notes() == ["edge started"])
            supervisor.start(_kept("ledger", f"raise SystemExit({EXIT_REFUSED})"))
            await supervisor.run_until(asyncio.Event())
    assert notes() == ["edge started", "edge ended"]


async def test_a_refusal_after_it_has_worked_is_a_death_like_any_other(
    notes: Callable[[], list[str]],
) -> None:
    refusing = _DYING.replace("sys.exit(3)", f"sys.exit({EXIT_REFUSED})")
    async with Supervisor() as supervisor:
        supervisor.start(_kept("ledger", refusing))
        supervisor.trust()
        await until(lambda: notes().count("ledger started") >= 2)


async def test_a_failing_start_is_raised(notes: Callable[[], list[str]]) -> None:
    async def start() -> None:
        raise OSError("no such program")

    with pytest.raises(OSError, match="no such program"):
        async with Supervisor() as supervisor:
            supervisor.start(_kept("ledger", _POLITE))
            supervisor.watch(asyncio.create_task(start()))
            await supervisor.run_until(asyncio.Event())


_SUPERVISOR = """
import asyncio, os, sys
from services.cli.backoff import Backoff
from services.cli.processes import Command, KeptProcess
from services.cli.supervisor import Supervisor

CHILD = '''
import subprocess, sys
GRANDCHILD
print("up", flush=True)
sys.stdin.read()
import signal; signal.pause()
'''

async def main():
    async with Supervisor() as supervisor:
        for name in ("one", "two"):
            arguments = (sys.executable, "-I", "-c", CHILD)
            supervisor.start(KeptProcess(Command(name, arguments, dict(os.environ)), Backoff()))
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(15, stop.set)
        await supervisor.run_until(stop)

asyncio.run(main())
"""
_GRANDCHILD = """subprocess.Popen([sys.executable, "-I", "-c", "import signal; signal.pause()"])"""


@pytest.mark.parametrize(
    ("number", "grandchild"),
    [(signal.SIGKILL, ""), (signal.SIGTERM, ""), (signal.SIGTERM, _GRANDCHILD)],
    ids=["killed", "ended", "ended-with-grandchildren"],
)
def test_nothing_outlives_the_supervisor(number: signal.Signals, grandchild: str) -> None:
    code = _SUPERVISOR.replace("GRANDCHILD", grandchild)
    supervisor = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    assert supervisor.stdout is not None
    with supervisor.stdout as output:
        # Between them stand the supervisor's own log lines.
        for _ in range(2):
            assert b"up\n" in iter(output.readline, b"")
        supervisor.send_signal(number)
        # All of them hold the other end of this pipe: the end of file says that the last one is gone.
        output.read()
    assert supervisor.wait() == (0 if number == signal.SIGTERM else -signal.SIGKILL)
