"""Running one test in a copy of the repository."""

import asyncio
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.seeded.verdicts import Outcome, Verdict, read_verdict
from tests.support.processes import RunningProcess, start_process

_MOST_S = 300.0
"""A test ends itself after two minutes; what is still there then hangs in its cleaning up."""
_TIDYING_S = 10.0


async def try_test(test: str, tree: Path) -> Verdict:
    """What the test says of the tree."""
    with tempfile.TemporaryDirectory(prefix="tollbook-trial-") as name:
        folder = Path(name)
        report = folder / "report.xml"
        process = start_process(
            "pytest",
            [
                *("-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(tree)),
                *("--basetemp", str(folder / "tests"), "--junitxml", str(report), f"{tree}/{test}"),
            ],
            folder,
            {**os.environ, "PYTHONPATH": f"{tree}:{tree / 'protos'}"},
        )
        try:
            async with asyncio.timeout(_MOST_S):
                await asyncio.to_thread(process.popen.wait)
        except TimeoutError:
            return Verdict(Outcome.FAILED, f"it did not end within {_MOST_S:.0f} s")
        finally:
            _end(process)
        if report.exists():
            return read_verdict(report.read_text("utf-8"))
        said = process.log_text().strip().splitlines()
        return Verdict(Outcome.BROKEN, said[-1] if said else "it said nothing")


def _end(process: RunningProcess) -> None:
    """A test that is interrupted tidies up; by force it would leave its PostgreSQL's folder behind."""
    if process.popen.poll() is None:
        process.popen.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.popen.wait(timeout=_TIDYING_S)
    process.kill()
