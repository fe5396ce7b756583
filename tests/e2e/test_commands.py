"""The commands of `tollbook` against a running system: history is booked, outages are made good, the book is proven."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.common.exact_json import decode_json
from tests.support.ports import free_port
from tests.support.processes import ROOT, running_tollbook
from tests.support.sandbox import running_sandbox
from tests.support.stack import QUICK_TIMES, Stack
from tests.support.waiting import wait_until

_HISTORY_DAYS = 33
_PATIENCE_S = 120.0
_SANDBOX = ("--quota-limit", "2000", "--quota-window-s", "2", "--seed", "11", "--report-delay-s", "0")


def _tollbook(stack: Stack, *arguments: str, code: int | None = 0) -> Any:
    """What a command answers as JSON. Fails the test unless it ends with this code (None: whatever it is)."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments, "--json"],
        cwd=stack.tollbook.folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}", **stack.tollbook.environment},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    told = f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    assert code is None or done.returncode == code, told
    assert "Traceback" not in told
    return decode_json(done.stdout) if done.stdout else None


@contextmanager
def _running(folder: Path) -> Iterator[Stack]:
    """A Tollbook that is started on an account which has a past."""
    edge_port = free_port()
    hooks = ("--webhook-url", f"http://127.0.0.1:{edge_port}/api/telnyx/webhooks")
    with running_sandbox(folder, *hooks, *_SANDBOX) as sandbox:
        sandbox.client.make_history(_HISTORY_DAYS)
        own = {
            "GATEWAY_PORT": str(edge_port),
            "TELNYX_API_BASE": sandbox.base_url,
            "TELNYX_API_KEY": sandbox.api_key,
            **QUICK_TIMES,
        }
        with (
            running_tollbook(folder, own) as tollbook,
            httpx.Client(base_url=tollbook.edge_url, timeout=30.0, trust_env=False) as http,
        ):
            tollbook.start_all()
            yield Stack(tollbook, sandbox, http)


@pytest.mark.timeout(300)
def test_from_an_outage_and_a_past_to_a_proven_book(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    first = str(today - timedelta(days=_HISTORY_DAYS + 1))
    with _running(tmp_path) as stack:
        stack.tollbook.stop("gateway")
        made = stack.sandbox.client.create("mixed", 20)
        stack.sandbox.client.wait()
        stack.tollbook.start("gateway")

        recovered = _tollbook(stack, "recover", "--from", str(today - timedelta(days=1)))
        assert recovered["newCount"] == recovered["deliveryCount"] >= len(made) / 2
        again = _tollbook(stack, "recover", "--from", str(today - timedelta(days=1)))
        assert (again["newCount"], again["deliveryCount"]) == (0, recovered["deliveryCount"])

        filled = _tollbook(stack, "backfill", "--from", first, "--method", "windows")
        assert filled["doneUnits"] == filled["totalUnits"]
        assert filled["troubles"] == []
        bill = stack.sandbox.client.bill()
        wait_until(lambda: stack.total() == Decimal(bill["total"]), _PATIENCE_S, "the book is not the bill")

        wait_until(lambda: _tollbook(stack, "head")["unsealedCount"] == 0, _PATIENCE_S, "not all is sealed")
        head = _tollbook(stack, "head")["head"]
        verified = _tollbook(stack, "verify", "--expect-head", head)
        assert (verified["findingCount"], verified["chargeCount"] > 100) == (0, True)
        assert _tollbook(stack, "verify", "--expect-head", f"1:{'0' * 64}", code=1)["findingCount"] >= 1
        replayed = _tollbook(stack, "replay")
        assert (replayed["newCount"], replayed["entryCount"]) == (0, 0)
        assert replayed["eventCount"] >= recovered["deliveryCount"]

        audited = _tollbook(stack, "audit", "--from", first)
        assert {line["verdict"] for line in audited["lines"]} <= {"equal", "open", "day boundary"}
        assert sum(line["verdict"] == "equal" for line in audited["lines"]) > _HISTORY_DAYS
        assert _tollbook(stack, "statement")["opening"] is not None
        checks = {check["name"]: check for check in _tollbook(stack, "doctor", code=None)["checks"]}
        assert checks["API key"]["status"] == "ok"
