"""Several processes of each kind that work together, each of which can be restarted on its own."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import SERVICES, Tollbook, running_tollbook


@dataclass(frozen=True, slots=True)
class Restart:
    """What one restart took."""

    service: str
    stopping_s: float
    starting_s: float


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the fleet."""

    service: str
    tollbook: Tollbook

    def port(self, variable: str) -> int:
        """The port of one of its variables."""
        return int(self.tollbook.environment[variable].rpartition(":")[2])

    def restart(self) -> Restart:
        """SIGTERM, its end in order, a new one that is ready. Raises ProcessError where it does not end in time."""
        begin_s = time.monotonic()
        code = self.tollbook.stop(self.service)
        if code != 0:
            raise RuntimeError(f"{self.service} ended with code {code}\n{self.tollbook.log_text()[-2000:]}")
        ended_s = time.monotonic()
        self.tollbook.start(self.service)
        return Restart(self.service, ended_s - begin_s, time.monotonic() - ended_s)


@dataclass(frozen=True, slots=True)
class Fleet:
    """All of them, one of each kind after the other."""

    members: tuple[Member, ...]

    def of(self, service: str) -> list[Member]:
        """Those of one kind."""
        return [member for member in self.members if member.service == service]

    def target(self, service: str) -> str:
        """The gRPC target of one kind: calls go to all of them in turn."""
        return self.members[0].tollbook.environment[f"{service.upper()}_TARGET"]


@contextmanager
def running_fleet(folder: Path, environment: Mapping[str, str], counts: Mapping[str, int]) -> Iterator[Fleet]:
    """So many of each kind (`counts`; where it says nothing, one), all ready; they end with the block.

    `environment` is for all of them. On SQLite there can be one ledger and one reconciler.
    """
    addresses = {
        service: [f"127.0.0.1:{free_port()}" for _ in range(counts.get(service, 1))] for service in SERVICES
    }
    shared = {
        "LEDGER_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        "RECONCILER_DATABASE_URL": f"sqlite:///{folder / 'reconciler.db'}",
        **{f"{service.upper()}_TARGET": f"ipv4:{','.join(of)}" for service, of in addresses.items()},
        **environment,
    }
    kinds: list[list[Member]] = [[] for _ in SERVICES]
    with ExitStack() as stack:
        for number in range(max(map(len, addresses.values()))):
            home = folder / f"replica-{number}"
            home.mkdir(parents=True)
            own = {
                f"{service.upper()}_LISTEN": of[number]
                for service, of in addresses.items()
                if number < len(of)
            }
            tollbook = stack.enter_context(running_tollbook(home, {**shared, **own}))
            for service, members in zip(SERVICES, kinds, strict=True):
                if number < len(addresses[service]):
                    members.append(Member(service, tollbook))
        in_turn = [member for turn in zip_longest(*kinds) for member in turn if member is not None]
        started = [(member, member.tollbook.begin(member.service)) for member in in_turn]
        for member, process in started:
            process.wait_until_ready(f"{member.tollbook.admin_url(member.service)}/readyz")
        yield Fleet(tuple(in_turn))
