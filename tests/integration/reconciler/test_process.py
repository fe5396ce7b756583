"""`python -m services.reconciler` as a process of its own."""

from pathlib import Path

import httpx
import pytest

from services.common.process import EXIT_REFUSED
from tests.support.processes import start_process

ARGUMENTS = ["-m", "services.reconciler"]


def _environment(folder: Path, **changes: str) -> dict[str, str]:
    return {
        "RECONCILER_LISTEN": "127.0.0.1:0",
        "RECONCILER_ADMIN_LISTEN": "127.0.0.1:0",
        "RECONCILER_DATABASE_URL": f"sqlite:///{folder / 'reconciler.db'}",
        # Nobody listens there: the loop must live with that.
        "LEDGER_TARGET": "127.0.0.1:1",
        "TELNYX_GATEWAY_TARGET": "127.0.0.1:1",
        "LOG_FORMAT": "json",
        **changes,
    }


def test_it_serves_without_its_neighbours_and_ends_when_told(tmp_path: Path) -> None:
    process = start_process("reconciler", ARGUMENTS, tmp_path, _environment(tmp_path))
    try:
        process.wait_for_event("reconciler.ready")
        admin = process.wait_for_event("admin.ready")["address"]
        metrics = httpx.get(f"http://{admin}/metrics", trust_env=False).text
        assert "tollbook_requests_per_settled_item" in metrics
        assert httpx.get(f"http://{admin}/readyz", trust_env=False).status_code == httpx.codes.OK
        assert process.stop() == 0
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RECONCILE_DELAYS_SECONDS", "5,soon"),
        ("RECONCILE_DELAYS_SECONDS", "0"),
        ("EXPECTED_RECORD_TYPES", ""),
        ("SETTLE_HORIZON_SECONDS", "-1"),
        ("SWEEP_INTERVAL_SECONDS", "0"),
        ("RECONCILER_LISTEN", "nowhere"),
        ("RECONCILER_DATABASE_URL", "mysql://example.com/x"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, variable: str, value: str) -> None:
    process = start_process("reconciler", ARGUMENTS, tmp_path, _environment(tmp_path, **{variable: value}))
    try:
        assert process.popen.wait(timeout=20) == EXIT_REFUSED
        told = process.log_text()
        assert variable in told or "database URL" in told or "no such store" in told
    finally:
        process.kill()
