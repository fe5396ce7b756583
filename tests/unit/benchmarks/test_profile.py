"""Telling the threads of a process apart, and what they used."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.cpu import resident_mb, thread_cpu_s, tree_cpu_s
from tests.benchmarks.profile import thread_words
from tests.support.processes import ROOT

_BUSY = """
import threading, time

def work():
    until_s = time.thread_time() + 0.1
    while time.thread_time() < until_s:
        pass
    print("done", flush=True)
    threading.Event().wait()

threading.Thread(target=work, name="database-writer_0", daemon=True).start()
threading.Event().wait()
"""


@pytest.fixture
def busy_pid(tmp_path: Path) -> Iterator[int]:
    """A process whose writing thread has used 100 ms of CPU, and whose first thread has used none of that."""
    (tmp_path / "busy.py").write_text(_BUSY)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.named_threads", "busy"],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"done\n"
            yield process.pid
        finally:
            process.kill()


def test_a_thread_is_known_by_its_name(busy_pid: int) -> None:
    used = thread_cpu_s(busy_pid)
    assert set(used) == {"main", "writer_0"}
    assert used["writer_0"] >= 0.09
    assert tree_cpu_s(busy_pid) >= used["writer_0"]
    assert resident_mb(busy_pid) > 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("main", "event loop"),
        ("writer_0", "writing threads"),
        ("writer_12", "writing threads"),
        ("event_engine", "gRPC's own threads"),
        ("Thread-1 (_poll", "other threads of Python"),
        ("sealer", "sealer"),
    ],
)
def test_threads_of_one_pool_are_called_alike(name: str, words: str) -> None:
    assert thread_words(name) == words
