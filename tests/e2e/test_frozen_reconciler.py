"""A reconciler that is frozen in the middle of an attempt: another goes on, and nothing happens when it wakes."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.databases import Databases
from tests.support.drift import equals_the_bill
from tests.support.job_rows import JobRows
from tests.support.ports import free_port
from tests.support.processes import RunningProcess, Tollbook, running_tollbook
from tests.support.stack import QUICK_QUOTA, Stack, running_stack
from tests.support.waiting import wait_until

_RUNNER = ("-m", "tests.support.short_leases")
_CALLS = 3
_PATIENCE_S = 120.0
_UNSEEN = ("--record-delay-min-s", "3600", "--record-delay-max-s", "3600")
"""Nothing settles before its first attempt, whoever looks."""


@dataclass(frozen=True, slots=True)
class Scene:
    """All of Tollbook on one PostgreSQL; `first` has stopped in its first attempt, `other` does not run yet."""

    stack: Stack
    first: RunningProcess
    other: Tollbook
    rows: JobRows

    def take_over(self) -> None:
        """Start the other, and wait until all is done that the first was at."""
        self.stack.sandbox.client.reveal()
        self.other.start("reconciler")
        wait_until(
            lambda: self.rows.count("completed") == _CALLS, _PATIENCE_S, "the other does not take over"
        )


@contextmanager
def _stopped(folder: Path, url: str, failpoint: str) -> Iterator[Scene]:
    """Calls have ended, and the reconciler that attempts to price them stops at a failpoint."""
    databases = {"LEDGER_DATABASE_URL": url, "RECONCILER_DATABASE_URL": url}
    with (
        running_stack(folder, environment=databases, sandbox_arguments=(*QUICK_QUOTA, *_UNSEEN)) as stack,
        ExitStack() as others,
    ):
        stack.tollbook.stop("reconciler")
        first, other = (others.enter_context(_reconciler(stack, folder / name)) for name in ("one", "two"))
        process = first.begin("reconciler", f"{failpoint}=freeze")
        process.wait_until_ready(f"{first.admin_url('reconciler')}/readyz")
        rows = JobRows(url)
        wait_until(lambda: rows.leader_pid() == process.pid, _PATIENCE_S, "the first does not lead")
        stack.sandbox.client.create("pstn-outbound", _CALLS, call_cost="never")
        stack.sandbox.client.wait(_PATIENCE_S)
        wait_until(lambda: _is_frozen(process), _PATIENCE_S, "the first makes no attempt")
        yield Scene(stack, process, other, rows)


@contextmanager
def _reconciler(stack: Stack, folder: Path) -> Iterator[Tollbook]:
    folder.mkdir()
    own = {f"RECONCILER_{name}": f"127.0.0.1:{free_port()}" for name in ("LISTEN", "ADMIN_LISTEN")}
    with running_tollbook(folder, {**stack.tollbook.environment, **own}, _RUNNER) as tollbook:
        yield tollbook


def _is_frozen(process: RunningProcess) -> bool:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def _knows_its_loss(process: RunningProcess) -> bool:
    """By the database's word, or by its own clock, after which it may well lead again."""
    return _events(process, "sweeps.lost") > 0 or "has lost its lease" in process.log_text()


def _events(process: RunningProcess, name: str) -> int:
    return sum(line.get("event") == name for line in process.log_events())


@pytest.mark.timeout(300)
def test_who_was_frozen_past_its_lease_changes_nothing_when_it_wakes(
    tmp_path: Path, databases: Databases
) -> None:
    with _stopped(tmp_path, databases.empty("postgresql"), "reconciler.jobs.judged") as scene:
        assert scene.rows.count("running") > 0
        scene.take_over()
        before = scene.rows.jobs()
        assert {settled for *_, settled in before.values()} == {1}
        os.kill(scene.first.pid, signal.SIGCONT)
        wait_until(lambda: _knows_its_loss(scene.first), _PATIENCE_S, "the first does not notice")
        # It ends once all that it has begun to write is written.
        scene.first.popen.terminate()
        scene.first.wait_for_end(_PATIENCE_S)
        assert scene.rows.jobs() == before
        assert _events(scene.first, "job.completed") == 0
        assert equals_the_bill(scene.stack)
