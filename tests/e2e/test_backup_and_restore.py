"""Backups of a busy Tollbook have all that was acknowledged; whatever old book is restored comes to equal the bill.

The commands are those of docs/backup.md, word for word; only places are replaced.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from services.common.sqlite import choose_sqlite_module
from services.ledger.intake.requests import read_request
from tests.support.databases import Databases
from tests.support.documented_commands import documented_commands
from tests.support.drift import equals_the_bill, message_drifts, session_drifts
from tests.support.postgres import client_program
from tests.support.processes import ROOT
from tests.support.stack import QUICK_QUOTA, Stack, running_stack
from tests.support.waiting import wait_until

_COMMANDS = {
    (command.program, shlex.split(command.text)[1]): command.text
    for command in documented_commands(".venv/bin/tollbook", "pg_dump", "createdb", "pg_restore")
    if command.place.startswith("docs/backup.md")
}
_BACKUP, _RESTORE, _VERIFY, _RECOVER = (
    _COMMANDS[".venv/bin/tollbook", name] for name in ("backup", "restore", "verify", "recover")
)
_POSTGRESQL = [text for (program, _), text in _COMMANDS.items() if program != ".venv/bin/tollbook"]
_SLOW_RECORDS = (*QUICK_QUOTA, "--record-delay-max-s", "4")
_BACKUPS = 3
_EVENTS_BETWEEN = 100
_EVENTS_BEFORE = 30
_PATIENCE_S = 90.0


def _run(stack: Stack, command: str, **variables: str) -> str:
    """What a documented command prints. Fails the test where it ends with an error."""
    folder = stack.tollbook.folder
    here = command.replace(".venv/bin/tollbook", f"{sys.executable} -m services.cli")
    done = subprocess.run(
        ["sh", "-c", here.replace("/mnt/backups", str(folder / "backups"))],
        cwd=folder,
        env={
            "PATH": f"{client_program('pg_dump').parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}",
            **stack.tollbook.environment,
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.timeout(200)
def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        stack.sandbox.client.create("mixed", 200)
        for number in range(1, _BACKUPS + 1):
            acknowledged = _acknowledged(stack, number * _EVENTS_BETWEEN)
            _run(stack, f"{_BACKUP}-{number}")
            backup = tmp_path / "backups" / f"{Path(_BACKUP).name}-{number}"
            assert acknowledged - _events_in(backup) == set()


def _acknowledged(stack: Stack, at_least: int) -> set[str]:
    """The ids of all events that were answered 200 so far, as soon as they are so many."""
    wait_until(
        lambda: len(stack.sandbox.client.acknowledged_ids()) >= at_least,
        _PATIENCE_S,
        f"{at_least} webhooks were not taken",
        poll_s=0.02,
    )
    return set(stack.sandbox.client.acknowledged_ids())


def _events_in(backup: Path) -> set[str]:
    """The ids of the events in a backup: booked, or taken in."""
    module = choose_sqlite_module()
    with closing(module.connect(f"file:{backup / 'book.db'}?mode=ro&immutable=1", uri=True)) as book:
        booked = {row[0] for row in book.execute("SELECT event_id FROM events")}
    with closing(module.connect(f"file:{backup / 'intake.db'}?mode=ro&immutable=1", uri=True)) as intake:
        requests = [bytes(row[0]) for row in intake.execute("SELECT request FROM event_intake")]
    return booked | {event.event_id for request in requests for event in read_request(request)[0]}


@pytest.mark.timeout(300)
def test_a_restored_book_comes_to_equal_the_bill_whatever_became_of_the_jobs(tmp_path: Path) -> None:
    """Webhooks that came since the backup are not sent again; later they are asked for.

    That the jobs may also be gone is in test_kills, and in the simulation.
    """
    with running_stack(tmp_path, sandbox_arguments=_SLOW_RECORDS) as stack:
        stack.sandbox.client.create("mixed", 25)
        _acknowledged(stack, _EVENTS_BEFORE)
        backup = _run(stack, _BACKUP)
        head, made_at = _head(backup), _made_at(backup)
        count = _live_on(stack)
        stack.tollbook.stop("reconciler")
        jobs = tmp_path / "reconciler.db"
        newer = jobs.read_bytes()

        for jobs_are in ("older", "newer"):
            stack.tollbook.kill_all()
            assert _head(_run(stack, _RESTORE)) == head
            if jobs_are == "newer":
                jobs.write_bytes(newer)
            _converges(stack, count)
            _run(stack, _VERIFY, HEAD=head)

        _run(stack, _RECOVER.replace("2026-11-23T05:00:00Z", made_at))
        _run(stack, f"{_BACKUP}-later")
        later = tmp_path / "backups" / f"{Path(_BACKUP).name}-later"
        assert set(stack.sandbox.client.acknowledged_ids()) - _events_in(later) == set()
        # A leg that was silent is announced now, and may have to wait for what an announced one must have.
        wait_until(lambda: equals_the_bill(stack), _PATIENCE_S, "the book does not come to equal the bill")


@pytest.mark.timeout(300)
def test_the_same_on_postgresql_by_its_own_programs(tmp_path: Path, databases: Databases) -> None:
    url = databases.empty("postgresql")
    restored = f"{url.rpartition('/')[0]}/tollbook_restored"
    environment = {"LEDGER_DATABASE_URL": url, "RECONCILER_DATABASE_URL": url}
    dump, *restore = _POSTGRESQL
    try:
        with running_stack(tmp_path, sandbox_arguments=_SLOW_RECORDS, environment=environment) as stack:
            stack.sandbox.client.create("mixed", 25)
            _acknowledged(stack, _EVENTS_BEFORE)
            _run(stack, dump)
            count = _live_on(stack)
            stack.tollbook.kill_all()
            for command in restore:
                _run(stack, command, RESTORED_DATABASE_URL=restored)
            stack.tollbook.environment |= dict.fromkeys(environment, restored)
            _converges(stack, count)
    finally:
        databases.drop(restored)
        databases.drop(url)


def _head(printed: str) -> str:
    return next(line for line in printed.splitlines() if line.startswith("head ")).removeprefix("head ")


def _made_at(printed: str) -> str:
    return printed.partition("acknowledged before ")[2].partition(",")[0]


def _live_on(stack: Stack) -> int:
    """More calls, until the book equals the bill; gives how many charges it has then."""
    stack.sandbox.client.create("mixed", 25)
    stack.sandbox.client.wait(60)
    wait_until(lambda: equals_the_bill(stack), _PATIENCE_S, "the book did not equal the bill before")
    return _charge_count(stack)


def _charge_count(stack: Stack) -> int:
    summary: Mapping[str, int] = stack.get("/api/billing/summary", **{"from": "2000-01-01"})["totals"]
    return summary["count"]


def _converges(stack: Stack, count: int) -> None:
    """The book lacks what was, and then equals the bill: nobody did anything but start the processes."""
    for service in ("ledger", "telnyx_gateway", "gateway"):
        stack.tollbook.start(service)
    assert _charge_count(stack) < count
    stack.tollbook.start("reconciler")
    wait_until(lambda: equals_the_bill(stack), _PATIENCE_S, "the restored book does not equal the bill")
    bill = stack.sandbox.client.bill()
    assert session_drifts(stack, bill["sessions"]) == {}
    assert message_drifts(stack, bill["messages"]) == {}
