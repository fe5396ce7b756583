"""What the README and the docs tell people to type works on a running Tollbook, word for word.

The commands are read from the documents, so that they cannot drift; only host, port and the ids that a reader would
put in are replaced. Where curl is missing the run says so at its end, and fails with CI=true; jq and the sqlite3
command are done without.
"""

import contextlib
import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.common.exact_json import decode_json
from services.common.sqlite import choose_sqlite_module
from tests.support.documented_commands import Command, documented_commands
from tests.support.programs import need_program
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)

COMMANDS = documented_commands("curl", "grep", "sqlite3")
STATEMENTS = [command for command in COMMANDS if command.program == "sqlite3"]
_PATIENCE_S = 40.0
_CRON_SECRET = "synthetic-cron-secret"
_TO_JQ = re.compile(r"\s*\|\s*jq \.$")


@dataclass(frozen=True, slots=True)
class Ground:
    """A running Tollbook with two calls and a message, and the folder that a reader would type in."""

    stack: Stack
    folder: Path
    call_id: str
    session_id: str

    def run(self, text: str, **environment: str) -> str:
        """What the command prints. Fails the test where it ends with an error."""
        result = subprocess.run(
            ["sh", "-c", self._as_typed_here(text)],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert result.returncode == 0, f"{text}\n{result.stdout}{result.stderr}"
        return result.stdout

    def _as_typed_here(self, text: str) -> str:
        environment = self.stack.tollbook.environment
        replaced = {
            "127.0.0.1:3000": f"127.0.0.1:{environment['GATEWAY_PORT']}",
            "127.0.0.1:9100": environment["GATEWAY_ADMIN_LISTEN"],
            "127.0.0.1:9103": environment["RECONCILER_ADMIN_LISTEN"],
            "v3:...": self.call_id,
            "<id>": self.call_id,
            "<call_session_id>": self.session_id,
        }
        for documented, here in replaced.items():
            text = text.replace(documented, here)
        return text


@contextlib.contextmanager
def _ground(folder: Path, ledger_url: str, reconciler_url: str) -> Iterator[Ground]:
    (folder / "var").mkdir()
    environment = {"LEDGER_DATABASE_URL": ledger_url, "RECONCILER_DATABASE_URL": reconciler_url}
    with running_stack(folder, environment=environment) as stack:
        stack.sandbox.client.create("pstn-outbound", 2)
        stack.sandbox.client.create("sms-outbound", 1)
        wait_until(
            lambda: (
                stack.get("/api/billing/records")["summary"]["count"] >= 3 and stack.estimated_count() == 0
            ),
            _PATIENCE_S,
            "two calls and a message were not exact",
        )
        call = next(stack.records(recordType="call"))
        session_id = stack.get(f"/api/billing/calls/{call['id']}")["callSessionId"]
        yield Ground(stack, folder, call["id"], session_id)


def test_every_command_of_the_documents_does_what_it_promises(tmp_path: Path) -> None:
    need_program("curl")
    ledger_url, reconciler_url = (f"sqlite:///{tmp_path}/var/{name}.db" for name in ("ledger", "reconciler"))
    with _ground(tmp_path, ledger_url, reconciler_url) as ground:
        for command in COMMANDS:
            check = _check_of(command)
            if check is not None:
                check(ground, command)
        _check_the_log_of_each_service(ground)
        _check_cron_with_its_secret(ground)


def test_the_sql_of_the_documents_works_on_postgresql_too(tmp_path: Path, databases: Any) -> None:
    url = databases.empty("postgresql")
    try:
        with _ground(tmp_path, url, url), psycopg.connect(url) as connection:
            for command in STATEMENTS:
                _check_rows(command, connection.execute(_sql_of(command).encode()).fetchall())
    finally:
        databases.drop(url)


def _check_of(command: Command) -> Callable[[Ground, Command], None] | None:
    """The check of a documented command. A command that no check knows fails the test: write one."""
    for pattern, check in _CHECKS.items():
        if re.search(pattern, command.text):
            return check
    raise AssertionError(f"no check knows {command}")


def _json(ground: Ground, command: Command) -> Any:
    """The answer of a curl; where jq is missing, without the pipe to it."""
    text = command.text if shutil.which("jq") else _TO_JQ.sub("", command.text)
    return decode_json(ground.run(text).encode())


def _check_balance(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert list(answer) == ["balance", "pending", "creditLimit", "availableCredit", "currency"]
    assert Decimal(answer["availableCredit"]) == Decimal(answer["balance"]) + Decimal(answer["creditLimit"])


def _check_records(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert {"records", "summary", "nextCursor"} == set(answer)
    assert answer["summary"]["count"] == len(answer["records"]) or answer["nextCursor"]
    if "recordType=call" in command.text:
        assert {record["recordType"] for record in answer["records"]} <= {"call_inbound", "call_outbound"}
    if "status=" not in command.text:
        assert ground.call_id in {record["id"] for record in answer["records"]}


def _check_export(ground: Ground, command: Command) -> None:
    assert ground.run(command.text) == ""
    file = ground.folder / command.text.rpartition("> ")[2]
    [head, *_] = csv.reader(io.StringIO(file.read_text("utf-8")))
    assert head[:3] == ["id", "recordType", "phoneNumber"]


def _check_summary(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert answer["totals"]["count"] == 3
    assert sum(Decimal(group["totalCost"]) for group in answer["groups"]) == answer["totals"]["totalCost"] > 0


def _check_fetch(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert (answer["success"], answer["callId"]) == (True, ground.call_id)
    assert answer["cost"] == ground.stack.get(f"/api/billing/calls/{ground.call_id}")["cost"] > 0


def _check_cron(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert answer["success"] is True
    assert answer["processed"] == answer["succeeded"] + answer["failed"] + answer["retried"]


def _check_call(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert (answer["telnyxCallId"], answer["status"]) == (ground.call_id, "exact")
    assert sum(Decimal(entry["amount"]) for entry in answer["history"]) == answer["cost"]


def _check_session(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert answer["sessionId"] == ground.session_id
    assert ground.call_id in {call["telnyxCallId"] for call in answer["calls"]}


def _check_audit(ground: Ground, command: Command) -> None:
    answer = _json(ground, command)
    assert {"bookCost", "reportedCost", "difference", "currency"} <= set(answer["totals"])
    assert all(
        {"day", "recordType", "verdict", "bookCost", "causes"} <= set(line) for line in answer["lines"]
    )


def _check_statement(ground: Ground, command: Command) -> None:
    assert {"opening", "closing", "lines", "unexplained", "notes"} <= set(_json(ground, command))


def _check_balance_history(ground: Ground, command: Command) -> None:
    """A book of a few seconds has no burn rate yet."""
    assert _json(ground, command)["burnRate"] is None


def _check_text(ground: Ground, command: Command) -> None:
    assert ground.run(command.text).strip()


def _check_grep(ground: Ground, command: Command) -> None:
    (ground.folder / "tollbook.log").write_text(ground.stack.tollbook.log_text())
    text = re.search(r"\[[A-Z ]+\]", command.text)
    assert text is not None
    lines = ground.run(command.text).splitlines()
    assert lines
    for line in lines:
        assert decode_json(line.encode())["message"].startswith(text[0])


def _check_sql(ground: Ground, command: Command) -> None:
    if shutil.which("sqlite3"):
        rows: list[Any] = ground.run(command.text).splitlines()
    else:
        file = ground.folder / command.text.split()[2]
        driver = choose_sqlite_module()
        with contextlib.closing(driver.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            rows = connection.execute(_sql_of(command)).fetchall()
    _check_rows(command, rows)


def _sql_of(command: Command) -> str:
    return command.text.split('"')[1]


def _check_rows(command: Command, rows: list[Any]) -> None:
    # Everything is exact by now, so no job need be open.
    least = {"telnyx_billing": 3, "telnyx_calls": 2, "telnyx_cdr_reconcile_jobs": 0}
    table = re.findall(r"FROM (\w+)", command.text)[0]
    assert len(rows) >= least[table], str(command)
    if "metadata->>'source'" in command.text:
        assert all("detail_records_api" in str(row) or "webhook" in str(row) for row in rows)


def _skip(ground: Ground, command: Command) -> None:
    """Telnyx itself is not asked by tests."""


_CHECKS: Mapping[str, Callable[[Ground, Command], None]] = {
    r"https://api\.telnyx\.com": _skip,
    r"/api/billing/audit": _check_audit,
    r"/api/billing/statement": _check_statement,
    r"/api/billing/balance/history": _check_balance_history,
    r"/api/billing/balance": _check_balance,
    r"/api/billing/records\?.*export=true": _check_export,
    r"/api/billing/records": _check_records,
    r"/api/billing/summary": _check_summary,
    r"/api/billing/fetch-call-cost": _check_fetch,
    r"/api/cron/process-call-costs": _check_cron,
    r"/api/billing/calls/": _check_call,
    r"/api/billing/sessions/": _check_session,
    r"127\.0\.0\.1:(910[0-3]|3000/readyz)": _check_text,
    r"^grep ": _check_grep,
    r"^sqlite3 -readonly ": _check_sql,
}


def _check_the_log_of_each_service(ground: Ground) -> None:
    for service, text in (
        ("gateway", "[FETCH CALL COST]"),
        ("reconciler", "[FETCH CALL COST]"),
        ("telnyx_gateway", "[TELNYX DETAIL RECORDS]"),
    ):
        assert ground.run(f"grep -F '{text}' {service}.log"), service


def _check_cron_with_its_secret(ground: Ground) -> None:
    """With CRON_SECRET set, the documented command needs the documented header."""
    [command, *_] = [command for command in COMMANDS if "/api/cron/" in command.text]
    header = '-H "authorization: Bearer $CRON_SECRET"'
    bare = _TO_JQ.sub("", command.text).replace(header, "")
    assert any(header in path.read_text("utf-8") for path in [Path(__file__).parents[2] / "README.md"])
    tollbook = ground.stack.tollbook
    tollbook.stop("gateway")
    tollbook.environment["CRON_SECRET"] = _CRON_SECRET
    tollbook.start("gateway")
    assert "CRON_SECRET" in decode_json(ground.run(bare).encode())["error"]
    answer = decode_json(ground.run(f"{bare} {header}", CRON_SECRET=_CRON_SECRET).encode())
    assert answer["success"] is True
