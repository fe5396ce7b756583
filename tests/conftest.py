"""Fixtures for every test. What they are made of stands in `tests/support`."""

import pytest
from hypothesis import settings

from tests.support.browser_path import report_missing_browser
from tests.support.databases import database_kind, database_url, databases, postgres_server
from tests.support.loops import TestLoop
from tests.support.programs import report_missing_programs

__all__ = ["anyio_backend", "database_kind", "database_url", "databases", "postgres_server"]

# No test depends on how fast the machine is.
settings.register_profile("tollbook", deadline=None)
settings.load_profile("tollbook")


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Asyncio only: grpc.aio knows no other. For the session, so that wider fixtures can be async too."""
    return "asyncio", {"loop_factory": TestLoop}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A run that skipped what this machine cannot run must not look like one that passed it."""
    report_missing_browser(terminalreporter)
    report_missing_programs(terminalreporter)
