"""The helper that starts the real programs: it waits for readiness, tells why a start failed, leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.processes import ROOT, ProcessError, start_process


def test_readiness_is_a_200(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["-m", "http.server", str(port), "--bind", "127.0.0.1"]
    process = start_process("files", arguments, tmp_path, {})
    try:
        process.wait_until_ready(f"http://127.0.0.1:{port}/")
    finally:
        process.kill()
    assert process.popen.returncode == -signal.SIGKILL


def test_log_lines_are_found_by_their_event(tmp_path: Path) -> None:
    code = """print('not json'); print('{"event": "toll.ready", "port": 7}', flush=True); input()"""
    process = start_process("toll", ["-c", code], tmp_path, {})
    assert process.wait_for_event("toll.ready") == {"event": "toll.ready", "port": 7}
    process.kill()


def test_a_process_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = start_process("toll", ["-c", "raise SystemExit('no book')"], tmp_path, {})
    with pytest.raises(ProcessError, match=r"toll ended with code 1(.|\n)*no book"):
        process.wait_until_ready("http://127.0.0.1:1/")


def test_a_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    leash = str(ROOT / "services" / "cli" / "leash.py")
    # The parent starts a leashed child that holds the write end of our pipe, says so, and is then killed.
    parent = f"""
import os, subprocess, sys
child = subprocess.Popen(
    [sys.executable, {leash!r}, "KILL", str(os.getpid()), sys.executable, "-c",
     "print('up', flush=True); import signal; signal.pause()"])
signal = __import__("signal"); signal.pause()
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, cwd=tmp_path)
    assert process.stdout is not None
    with process.stdout as output:
        assert output.readline() == b"up\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        # End of file comes only once the child, too, has let go of the pipe.
        assert output.read() == b""
