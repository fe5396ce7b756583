"""Programs of the machine that a test calls as a user would, and what happens where one is missing.

The test is skipped, and the run says so at its end; with CI=true it fails.
"""

import os
import shutil
from typing import Any

import pytest

_MISSING = "Missing program: "


def need_program(name: str) -> None:
    """Return if there is such a program; else skip the test, or fail it."""
    if shutil.which(name) is not None:
        return
    reason = f"{_MISSING}{name}"
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def report_missing_programs(reporter: Any) -> None:
    """Say at the end of a run, where nobody overlooks it, what was not tested for want of a program."""
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if _MISSING in reason:
            reporter.section("not tested, because a program is missing", red=True, bold=True)
            reporter.line(
                f"{report.nodeid}: {reason.partition(_MISSING)[2]} is not on this machine", red=True
            )
