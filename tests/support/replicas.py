"""Two ledgers, three reconcilers and three edges on one PostgreSQL, and a sandbox that delivers through a balancer."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.balancer import Backend, open_balancer
from tests.support.fleet import Fleet, Member, running_fleet
from tests.support.job_rows import JobRows
from tests.support.ports import free_port
from tests.support.processes import RunningProcess
from tests.support.sandbox import running_sandbox
from tests.support.stack import QUICK_TIMES, Stack
from tests.support.waiting import wait_until

COUNTS = {"ledger": 2, "reconciler": 3, "gateway": 3}
_READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Replicas:
    """All of them. `stack` sees them from outside, as one: its `http` goes through the balancer."""

    fleet: Fleet
    stack: Stack
    rows: JobRows

    def process_of(self, member: Member) -> RunningProcess:
        """The process of a member that runs."""
        return member.tollbook.running[member.service]

    def leader(self) -> Member:
        """The reconciler that leads; waits until there is one."""
        found: list[Member] = []

        def is_found() -> bool:
            leader = self.leading()
            found.extend([leader] if leader is not None else [])
            return bool(found)

        wait_until(is_found, _READY_S, "no reconciler leads", poll_s=0.1)
        return found[0]

    def leading(self) -> Member | None:
        """The reconciler that leads now, if it runs; None while none does."""
        pid = self.rows.leader_pid()
        running = [one for one in self.fleet.of("reconciler") if one.service in one.tollbook.running]
        return next((one for one in running if self.process_of(one).pid == pid), None)

    def freeze(self, member: Member) -> None:
        """Stop a process where it is (SIGSTOP)."""
        os.kill(self.process_of(member).pid, signal.SIGSTOP)

    def wake(self, member: Member) -> None:
        """Let it go on."""
        os.kill(self.process_of(member).pid, signal.SIGCONT)

    def completions(self) -> list[str]:
        """The calls that reconcilers said to have completed by an attempt, each as often as it was said."""
        return [
            str(line["call_id"])
            for folder in {member.tollbook.folder for member in self.fleet.of("reconciler")}
            for line in _lines(folder / "reconciler.log")
            if line.get("event") == "job.completed"
        ]


@contextmanager
def running_replicas(
    folder: Path,
    database_url: str,
    *,
    sandbox_arguments: tuple[str, ...],
    environment: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
) -> Iterator[Replicas]:
    """Start them all; both of Tollbook's databases are the one that is given."""
    port = free_port()
    hooks = ("--webhook-url", f"http://127.0.0.1:{port}/api/telnyx/webhooks")
    with running_sandbox(folder, *hooks, *sandbox_arguments) as sandbox:
        own = {
            "LEDGER_DATABASE_URL": database_url,
            "RECONCILER_DATABASE_URL": database_url,
            "TELNYX_API_BASE": sandbox.base_url,
            "TELNYX_API_KEY": sandbox.api_key,
            **QUICK_TIMES,
            **(environment or {}),
        }
        with (
            running_fleet(folder, own, counts or COUNTS) as fleet,
            _balanced(fleet, port),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0, trust_env=False) as http,
        ):
            wait_until(lambda: _answers(http), _READY_S, "no edge is ready", poll_s=0.1)
            stack = Stack(fleet.members[0].tollbook, sandbox, http)
            yield Replicas(fleet, stack, JobRows(database_url))


@contextmanager
def _balanced(fleet: Fleet, port: int) -> Iterator[None]:
    """A balancer before the edges, in a thread of its own."""
    backends = [
        Backend(edge.port("GATEWAY_PORT"), edge.port("GATEWAY_ADMIN_LISTEN")) for edge in fleet.of("gateway")
    ]
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with open_balancer(backends, port):
            await ended.wait()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="balancer")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _lines(log: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.read_text(errors="replace").splitlines() if line.startswith("{")]
