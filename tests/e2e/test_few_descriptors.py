"""Too few file descriptors: what is connected goes on, what is not is refused, and nothing stays that way."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.front_door import FrontDoor, open_front_door
from tests.support.processes import RunningProcess
from tests.support.waiting import wait_until

SPARE = 3
IDLE_CONNECTIONS = 40


@contextmanager
def few_descriptors(process: RunningProcess) -> Iterator[None]:
    """A process that can open hardly any more files or connections."""
    before = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    in_use = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (in_use + SPARE, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, before)


@contextmanager
def idle_connections(address: str) -> Iterator[None]:
    """Somebody connects again and again, and says nothing."""
    host, _, port = address.rpartition(":")
    with ExitStack() as stack:
        for _ in range(IDLE_CONNECTIONS):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=5))
        yield


def is_answered(door: FrontDoor) -> bool:
    """Whether a new connection to the edge is taken."""
    try:
        return httpx.get(f"{door.tollbook.edge_url}/healthz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(120)
def test_descriptors_run_out(tmp_path: Path) -> None:
    with open_front_door(tmp_path) as door:
        assert door.deliver("before").status_code == 200
        edge, ledger = (door.tollbook.running[name] for name in ("gateway", "ledger"))
        with few_descriptors(edge), idle_connections(door.tollbook.edge_url.removeprefix("http://")):
            wait_until(lambda: not is_answered(door), 10, "the edge has descriptors left", poll_s=0.05)
            assert door.deliver("while the edge has none").status_code == 200
        wait_until(lambda: is_answered(door), 10, "the edge does not take connections again")

        with few_descriptors(ledger), idle_connections(door.tollbook.environment["LEDGER_LISTEN"]):
            answers = door.deliver_together([f"while the ledger has none {number}" for number in range(40)])
            assert {answer.status_code for answer in answers} == {200}
            assert "before" in door.booked()
            door.tollbook.stop("gateway")
            door.tollbook.start("gateway")
            assert door.deliver("by an edge that cannot connect").status_code == 503
        wait_until(lambda: door.deliver("after").status_code == 200, 20, "the edge does not reach the ledger")
        assert door.lost() == set()
        assert edge.log_text().count("Traceback") == ledger.log_text().count("Traceback") == 0
