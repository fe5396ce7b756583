"""Rolling restarts: the processes of a fleet under load are restarted in turn; what its senders noticed."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from threading import Event

from tests.benchmarks.book_truth import verify_book, wait_until_booked
from tests.support.balancer import Backend
from tests.support.fleet import Fleet, Restart, running_fleet
from tests.support.postgres import PostgresServer
from tests.support.sandbox import running_sandbox
from tests.support.telnyx_signer import TelnyxSigner
from tests.support.traffic import Traffic, running_traffic
from tests.support.waiting import wait_until

_COUNTS = {
    "sqlite": {"gateway": 2},
    "postgresql": {"gateway": 2, "ledger": 2, "reconciler": 2},
}
_LAME_DUCK_S = 0.5
"""Five checks of the balancer."""
_FIRST_WEBHOOKS = 20
_FLOWING_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """What became of the restarts and of the webhooks that came meanwhile."""

    restarts: tuple[Restart, ...]
    acknowledged_count: int
    other_answers: dict[int, int]
    """Answers that were not 200, by status; 0 stands for none at all."""
    faults: tuple[str, ...]
    """What the balancer saw."""
    booked_count: int
    """Events in the book at the end, which was verified."""
    longest_wait_s: float

    @property
    def failed_count(self) -> int:
        """Webhooks that were not acknowledged when they were first sent."""
        return sum(self.other_answers.values())

    def restarts_of(self, service: str) -> int:
        """How many processes of that kind were restarted."""
        return sum(restart.service == service for restart in self.restarts)


def roll(
    folder: Path, postgres: PostgresServer | None, restart_count: int, over: Event | None = None
) -> Rolled:
    """Restart so many processes in turn while webhooks come in; the book is on PostgreSQL, or else on SQLite.

    Fewer once `over` is set.

    Raises WrongBookError when the book is not what follows from its facts, ProcessError when a process does not end
    or start in time.
    """
    signer = TelnyxSigner()
    with ExitStack() as stack:
        fleet = stack.enter_context(_fleet(folder, postgres, signer))
        backends = [
            Backend(member.port("GATEWAY_PORT"), member.port("GATEWAY_ADMIN_LISTEN"))
            for member in fleet.of("gateway")
        ]
        with running_traffic(backends, signer) as traffic:
            _wait_until_it_flows(traffic)
            restarts = []
            for member in islice(cycle(fleet.members), restart_count):
                if over is not None and over.is_set():
                    break
                restarts.append(member.restart())
                _wait_until_it_flows(traffic)
        return Rolled(
            restarts=tuple(restarts),
            acknowledged_count=traffic.acknowledged_count,
            other_answers=traffic.others,
            faults=tuple(traffic.faults),
            booked_count=_verified_count(fleet, traffic.acknowledged_count),
            longest_wait_s=max(traffic.answers.latency_s),
        )


@contextmanager
def _fleet(folder: Path, postgres: PostgresServer | None, signer: TelnyxSigner) -> Iterator[Fleet]:
    folder.mkdir(parents=True, exist_ok=True)
    with running_sandbox(folder) as sandbox:
        environment = {
            "TELNYX_API_BASE": sandbox.base_url,
            "TELNYX_API_KEY": sandbox.api_key,
            "TELNYX_PUBLIC_KEY": signer.public_key,
            "GATEWAY_LAME_DUCK_SECONDS": str(_LAME_DUCK_S),
        }
        if postgres is not None:
            url = postgres.create_database(f"rolling_{time.time_ns()}")
            environment |= {"LEDGER_DATABASE_URL": url, "RECONCILER_DATABASE_URL": url}
        with running_fleet(folder, environment, _COUNTS["postgresql" if postgres else "sqlite"]) as fleet:
            yield fleet


def _wait_until_it_flows(traffic: Traffic) -> None:
    """Some webhooks after the restart are answered before the next one begins."""
    wanted = len(traffic.answers.status) + _FIRST_WEBHOOKS
    wait_until(
        lambda: bool(traffic.crash) or len(traffic.answers.status) >= wanted,
        _FLOWING_WITHIN_S,
        "webhooks are not answered any more",
        poll_s=0.02,
    )


def _verified_count(fleet: Fleet, acknowledged_count: int) -> int:
    target = fleet.target("ledger")
    booked_count = wait_until_booked(target, acknowledged_count)
    verify_book(target)
    return booked_count
