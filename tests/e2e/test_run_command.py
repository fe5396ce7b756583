"""`tollbook run` on a bare folder: the sandbox account, a page with calls, restarts, and an end that leaves nothing."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from services.common.process import EXIT_REFUSED
from tests.support.processes import ProcessError, RunningProcess, start_process
from tests.support.waiting import until

_LISTENS = ("LEDGER", "TELNYX_GATEWAY", "RECONCILER")
_ANY_PORTS = {
    "GATEWAY_PORT": "0",
    **{f"{name}_LISTEN": "127.0.0.1:0" for name in _LISTENS},
    **{f"{name}_ADMIN_LISTEN": "127.0.0.1:0" for name in ("GATEWAY", *_LISTENS)},
}
_PATIENCE_S = 60.0
_PROCESSES = {"sandbox", "ledger", "telnyx-gateway", "reconciler", "edge"}


@contextmanager
def _running(folder: Path, environment: dict[str, str]) -> Iterator[RunningProcess]:
    process = start_process("run", ["-m", "services.cli", "run"], folder, {**_ANY_PORTS, **environment})
    try:
        yield process
    finally:
        process.kill()


def _started(run: RunningProcess) -> list[tuple[str, int]]:
    return [(line["process"], line["pid"]) for line in run.log_events() if line["event"] == "process.started"]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _shows_a_page(page: str) -> bool:
    answer = httpx.get(page, trust_env=False)
    return answer.status_code == httpx.codes.OK and "text/html" in answer.headers["content-type"]


def _calls_in_the_book(page: str) -> int:
    answer = httpx.get(page.replace("/billing", "/api/billing/records"), trust_env=False)
    return len(answer.json()["records"]) if answer.status_code == httpx.codes.OK else 0


async def test_from_nothing_to_a_page_with_calls_and_back_to_nothing(tmp_path: Path) -> None:
    with _running(tmp_path, {"LOG_FORMAT": "json"}) as run:
        ready = run.wait_for_event("tollbook.ready")
        page = next(word for word in ready["message"].split() if word.startswith("http"))
        assert "sandbox account" in run.wait_for_event("sandbox.started")["message"]
        assert _shows_a_page(page)
        await until(lambda: _calls_in_the_book(page) > 0, _PATIENCE_S)

        first = _started(run)
        assert {name for name, _ in first} == _PROCESSES
        ledger_pid = dict(first)["ledger"]
        os.kill(ledger_pid, signal.SIGKILL)
        await until(lambda: [name for name, _ in _started(run)].count("ledger") == 2, _PATIENCE_S)
        await until(lambda: _calls_in_the_book(page) > 0, _PATIENCE_S)

        assert run.stop() == 0
        assert not [pid for _, pid in _started(run) if _is_alive(pid)]
    assert (tmp_path / "var" / "sandbox" / "ledger.db").exists()
    assert not (tmp_path / "var" / "ledger.db").exists()


def test_a_setting_that_cannot_be_used_is_said_in_one_sentence(tmp_path: Path) -> None:
    with _running(tmp_path, {"LEDGER_LISTEN": "here"}) as run:
        with pytest.raises(ProcessError, match="tollbook cannot start: LEDGER_LISTEN: must be host:port"):
            run.wait_for_event("tollbook.ready")
        assert run.popen.returncode == EXIT_REFUSED
    assert "Traceback" not in run.log_text()


def test_a_process_that_refuses_its_settings_ends_them_all(tmp_path: Path) -> None:
    with _running(tmp_path, {"SETTLE_HORIZON_SECONDS": "soon"}) as run:
        with pytest.raises(ProcessError, match="SETTLE_HORIZON_SECONDS"):
            run.wait_for_event("tollbook.ready")
        assert run.popen.returncode == EXIT_REFUSED
        assert not [pid for _, pid in _started(run) if _is_alive(pid)]
