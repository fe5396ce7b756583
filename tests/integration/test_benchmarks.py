"""What the benchmark stands on: real servers keep what the load generator sends, and threads have names."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.benchmarks.cpu import resident_mb, thread_cpu_s, tree_cpu_s
from tests.benchmarks.ingest.contestants import (
    Contestant,
    running_orm_commit,
    running_tollbook_on,
    running_verify_only,
)
from tests.benchmarks.load.deliveries import deliveries, write_requests
from tests.benchmarks.load.run import Load, send
from tests.support.processes import ROOT
from tests.support.telnyx_signer import TelnyxSigner

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


@pytest.mark.parametrize("running", [running_verify_only, running_orm_commit, running_tollbook_on])
def test_whoever_takes_part_keeps_every_webhook_that_it_acknowledges(
    running: Callable[[Path, str], AbstractContextManager[Contestant]], tmp_path: Path
) -> None:
    """All are taken long before the time is over: the generator ends when it has nothing left to send."""
    signer, requests = TelnyxSigner(), tmp_path / "requests"
    write_requests(requests, deliveries(signer, random.Random(1), 60, datetime.now(UTC)))
    with running(tmp_path / "own", signer.public_key) as contestant:
        outcome = send(tmp_path, Load(requests=requests, port=contestant.port, connections=4, seconds=60.0))
        assert (outcome.acknowledged_count, outcome.other_answers) == (60, {})
        assert outcome.answers.has_run_out
        assert contestant.wait_until_kept(60) == 60
