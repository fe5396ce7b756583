"""`python -m tests.sandbox`: how `make run` and the end-to-end tests use it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.sandbox.client import SandboxClient, SandboxError
from tests.support.ports import free_port
from tests.support.processes import ROOT
from tests.support.sandbox import running_sandbox
from tests.support.webhook_receiver import WebhookReceiver


def test_it_says_where_it_listens_and_knows_its_bill(tmp_path: Path) -> None:
    with running_sandbox(
        tmp_path, "--seed", "7", "--quota-limit", "100", "--record-delay-max-s", "600"
    ) as sandbox:
        made = sandbox.client.create("mixed", 48)
        assert len(made) == 48
        sandbox.client.wait()
        assert sandbox.client.bill()["pending"] > 0
        sandbox.client.reveal()
        bill = sandbox.client.bill()
        assert bill["pending"] == 0
        assert sandbox.client.public_key() == sandbox.public_key
        headers = {"authorization": f"Bearer {sandbox.api_key}"}
        with httpx.Client(base_url=sandbox.base_url, headers=headers, trust_env=False) as http:
            answer = http.get("/v2/balance")
            assert Decimal(answer.json()["data"]["balance"]) == Decimal(100) - Decimal(bill["total"])
            assert http.get("/v2/public_key").json()["data"]["public"] == sandbox.public_key
        assert sandbox.client.counts()["requests"] == {"balance": 1, "public_key": 1}


def test_it_is_driven_from_outside(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--api-key", "KEYmine", "--other-api-key", "KEYtheirs") as sandbox:
        assert (sandbox.api_key, sandbox.other_api_key) == ("KEYmine", "KEYtheirs")
        client = sandbox.client
        client.set_outage(True)
        client.set_outage(False)
        client.set_faults(record_delay_min_s=600, record_delay_max_s=600)
        client.create("verify", deliver=False)
        client.clear_faults()
        record = client.create("verify")[0]["records"][0]
        client.revise(record["record_type"], record["record_id"], Decimal("0.04"))
        assert Decimal(client.bill()["total"]) == Decimal("0.07")
        assert client.deliver() == 1
        with pytest.raises(SandboxError, match="unknown kind"):
            client.create("nonsense")


def test_its_money_and_its_oddities_are_driven_from_outside(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--monthly-charge", "6.00", "--tax-percent", "8") as sandbox:
        client = sandbox.client
        assert client.make_history(70) > 500
        before = Decimal(client.bill()["account"]["balance"])
        assert client.book("top_up", Decimal("25.00")) == before + 25
        odd = client.make_odd("too-many-decimals")
        assert len(odd["fields"]["cost"]) > 11
        client.vanish(odd["record_type"], odd["record_id"], everywhere=True)
        bill = client.bill()
        money = {name: Decimal(amount) for name, amount in bill["account"].items()}
        assert money["balance"] == before + 25
        assert money["existing_mrc"] in (12, 18)
        assert money["other"] > 0
        with pytest.raises(SandboxError, match="unknown kind"):
            client.make_odd("even")
        with pytest.raises(SandboxError, match="no verify record"):
            client.vanish("verify", "unheard-of")


async def test_live_traffic_begins_when_somebody_listens_and_has_a_past(tmp_path: Path) -> None:
    async with WebhookReceiver() as receiver:
        with running_sandbox(tmp_path, "--traffic", "--webhook-url", receiver.url) as sandbox:
            async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as http:
                assert (await http.get("/_sandbox/counts")).json()["activities"] >= 60 + 29 * 5
                # Webhooks of the past are long gone: what is delivered is new.
                started = await receiver.wait_for("call.initiated")
                assert started.path == "/hooks/calls"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_cleanly(number: signal.Signals) -> None:
    """Also while nobody takes its webhooks and a slow answer is under way."""
    options = ["--api-fault-rate", "1", "--api-fault-kinds", "slow", "--slow-answer-s", "600"]
    options += ["--webhook-url", f"http://127.0.0.1:{free_port()}/hooks", "--webhook-retry-delays-s", "600"]
    arguments = [sys.executable, "-m", "tests.sandbox", *options]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            with SandboxClient(ready["base_url"]) as client, _waiting_for_the_balance(ready):
                client.create("mixed", 24)
                while not client.counts()["requests"]:
                    pass
                process.send_signal(number)
                _, errors = process.communicate(timeout=5)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--webhook-loss-rate", "1.5", "<= 1.0"),
        ("--api-fault-kinds", "flood", "Invalid enum value"),
        ("--loss", "1", "--loss"),
    ],
)
def test_a_wrong_option_is_refused(option: str, value: str, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", option, value],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@contextmanager
def _waiting_for_the_balance(ready: dict[str, str]) -> Iterator[None]:
    """A connection that has asked, and does not get its answer yet."""
    address = httpx.URL(ready["base_url"])
    with socket.create_connection((address.host, address.port or 0)) as connection:
        key = ready["api_key"]
        request = f"GET /v2/balance HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer {key}\r\n\r\n"
        connection.sendall(request.encode())
        yield
