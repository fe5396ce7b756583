"""Running one test in a copy of the repository."""

import asyncio
import os
import tempfile
from pathlib import Path

from tests.seeded.verdicts import Outcome, Verdict, read_verdict
from tests.support.processes import start_process

_MOST_S = 300.0
"""A test ends itself after two minutes; what is still there then hangs in its cleaning up."""


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
            process.kill()
        if not report.exists():
            return Verdict(
                Outcome.BROKEN, (process.log_text().strip().splitlines() or ["it said nothing"])[-1]
            )
        return read_verdict(report.read_text("utf-8"))
