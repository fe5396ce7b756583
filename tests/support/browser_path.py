"""Which browser the tests start, and what happens where there is none.

Without a browser the tests of the page are skipped, and the run says so at its end; with CI=true they fail. How one
gets here is the business of `deploy/browser.py`.
"""

import os
from functools import cache
from typing import Any

import pytest

from deploy.browser import NoBrowser, find_browser

_MISSING = "No browser: "


@cache
def _found() -> str | NoBrowser:
    try:
        return find_browser()
    except NoBrowser as missing:
        return missing


def browser_path() -> str:
    """The browser to start; skips the test, or fails it, where there is none."""
    found = _found()
    if isinstance(found, str):
        return found
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{_MISSING}{found}", pytrace=False)
    pytest.skip(f"{_MISSING}{found}")


def report_missing_browser(reporter: Any) -> None:
    """Say at the end of a run, where nobody overlooks it, that the page was not tested, and why."""
    reasons = [
        str(report.longrepr[2])
        for report in reporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple) and _MISSING in str(report.longrepr[2])
    ]
    if reasons:
        reporter.section("the page was not tested in a browser", red=True, bold=True)
        reporter.line(f"{len(reasons)} tests were skipped. {reasons[0].partition(_MISSING)[2]}", red=True)
