"""The real programs as processes of their own: the four services and the sandbox, on loopback ports picked per test.

    with running_tollbook(folder, environment) as tollbook:
        tollbook.start_all()
        httpx.get(f"{tollbook.edge_url}/billing")
        tollbook.kill("ledger")
        tollbook.start("ledger")

Each process works in `folder` (its log, its `var/`), so no `.env` of the developer is read, and gets nothing of the
developer's environment but the PATH.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
# In the order in which they are started: each finds what it calls already there.
SERVICES = ("ledger", "telnyx_gateway", "reconciler", "gateway")
_MODULES = {
    "ledger": "services.ledger",
    "telnyx_gateway": "services.telnyx_gateway",
    "reconciler": "services.reconciler",
    "gateway": "gateway",
}
_READY_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_POLL_S = 0.03


class ProcessError(RuntimeError):
    """A process did not start, or ended too early; the message carries the end of its log."""


@dataclass(slots=True)
class RunningProcess:
    """One program started by a test, in a session of its own, with its output in a file."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def log_text(self) -> str:
        """Everything the process has written so far."""
        return self.log.read_text(errors="replace")

    def log_events(self) -> list[dict[str, Any]]:
        """The JSON lines of the log; other lines (a traceback, say) are left out."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def wait_until_ready(self, url: str, timeout_s: float = _READY_TIMEOUT_S) -> None:
        """Wait until `url` answers 200. Raises ProcessError when the process ends first, or time is up."""
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            self._wait_for(lambda: _answers_200(client, url), f"no 200 from {url}", timeout_s)

    def wait_for_event(self, event: str, timeout_s: float = _READY_TIMEOUT_S) -> dict[str, Any]:
        """The first log line whose `event` is this one."""
        found: list[dict[str, Any]] = []

        def seen() -> bool:
            found.extend(line for line in self.log_events() if line.get("event") == event)
            return bool(found)

        self._wait_for(seen, f"no log line {event!r}", timeout_s)
        return found[0]

    def wait_for_end(self, timeout_s: float) -> None:
        """Wait until it has done its work. Raises ProcessError when it failed, or has not ended in time."""
        try:
            code = self.popen.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(f"{self.name} did not end within {timeout_s:.0f} s\n{self._tail()}") from None
        if code != 0:
            raise ProcessError(f"{self.name} ended with code {code}\n{self._tail()}")

    def stop(self) -> int:
        """End the process as an operator would (SIGTERM), by force after 10 s; returns its exit code."""
        if self.popen.poll() is None:
            self.popen.terminate()
        try:
            return self.popen.wait(timeout=_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ProcessError(f"{self.name} did not end within {_STOP_TIMEOUT_S:.0f} s of SIGTERM") from None

    def kill(self) -> None:
        """SIGKILL, as a crash of the machine would."""
        if self.popen.poll() is None:
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def _wait_for(self, condition: Callable[[], bool], missing: str, timeout_s: float) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            code = self.popen.poll()
            if code is not None:
                raise ProcessError(f"{self.name} ended with code {code}: {missing}\n{self._tail()}")
            if time.monotonic() > deadline_s:
                raise ProcessError(f"{self.name}: {missing} within {timeout_s:.0f} s\n{self._tail()}")
            time.sleep(_POLL_S)

    def _tail(self) -> str:
        return "\n".join(self.log_text().splitlines()[-30:])


def start_process(
    name: str,
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    program: str = sys.executable,
) -> RunningProcess:
    """Start `python <arguments>` in `folder`, with the repository importable. It is killed when this process dies."""
    log = folder / f"{name}.log"
    leash = [str(ROOT / "services" / "cli" / "leash.py"), "KILL", str(os.getpid())]
    with log.open("ab") as output:
        popen = subprocess.Popen(
            [sys.executable, *leash, program, *arguments],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return RunningProcess(name=name, popen=popen, log=log)


@dataclass(slots=True)
class Tollbook:
    """The four services of one test, on ports of their own, with databases in the test's folder unless told else."""

    folder: Path
    environment: dict[str, str]
    runner: tuple[str, ...] = ("-m",)
    """What `python` is told before the name of a service's module."""
    running: dict[str, RunningProcess] = field(default_factory=dict)

    @property
    def edge_url(self) -> str:
        """Where people and Telnyx reach it, without a slash at the end."""
        return f"http://127.0.0.1:{self.environment['GATEWAY_PORT']}"

    def admin_url(self, service: str) -> str:
        """Where a service's `/metrics`, `/healthz` and `/readyz` are."""
        return f"http://{self.environment[f'{service.upper()}_ADMIN_LISTEN']}"

    def target(self, service: str) -> str:
        """The gRPC target of a service."""
        return self.environment[f"{service.upper()}_TARGET"]

    def start(self, service: str) -> RunningProcess:
        """Start one service and wait until it is ready. It must not be running."""
        process = self.begin(service)
        process.wait_until_ready(f"{self.admin_url(service)}/readyz")
        return process

    def begin(self, service: str, failpoints: str = "") -> RunningProcess:
        """Start one service without waiting for it. It must not be running.

        `failpoints`: where it is to fail on purpose; see services/common/failpoints.py.
        """
        environment = self.environment | ({"FAILPOINTS": failpoints} if failpoints else {})
        process = start_process(service, [*self.runner, _MODULES[service]], self.folder, environment)
        self.running[service] = process
        return process

    def start_all(self) -> None:
        """Start the four services, each once those that it calls are ready."""
        for service in SERVICES:
            self.start(service)

    def stop(self, service: str) -> int:
        """End one service in order; returns its exit code."""
        return self.running.pop(service).stop()

    def kill(self, service: str) -> None:
        """Kill one service outright."""
        self.running.pop(service).kill()

    def kill_all(self) -> None:
        """Kill whatever still runs."""
        for service in list(self.running):
            self.kill(service)

    def log_text(self) -> str:
        """What all services of this test have written, also those that were stopped."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))


@contextmanager
def running_tollbook(
    folder: Path, environment: Mapping[str, str], runner: tuple[str, ...] = ("-m",)
) -> Iterator[Tollbook]:
    """A Tollbook of which nothing runs yet; whatever was started is ended with the block.

    `environment` overrides any variable of the design; ports, databases and log format are set where it does not.
    """
    tollbook = Tollbook(folder, {**_own_addresses(folder), **environment}, runner)
    try:
        yield tollbook
    finally:
        tollbook.kill_all()


def _own_addresses(folder: Path) -> dict[str, str]:
    own = {
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(free_port()),
        "GATEWAY_LAME_DUCK_SECONDS": "0",
        "LEDGER_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        "RECONCILER_DATABASE_URL": f"sqlite:///{folder / 'reconciler.db'}",
        "LOG_FORMAT": "json",
    }
    for service in SERVICES:
        own[f"{service.upper()}_ADMIN_LISTEN"] = f"127.0.0.1:{free_port()}"
        if service != "gateway":
            address = f"127.0.0.1:{free_port()}"
            own[f"{service.upper()}_LISTEN"] = address
            own[f"{service.upper()}_TARGET"] = address
    return own


def _answers_200(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
