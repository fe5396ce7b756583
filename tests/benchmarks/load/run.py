"""Starting the load generator and reading what it tells."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.benchmarks.load.outcome import Outcome
from tests.support.processes import RunningProcess, start_process

_AFTER_S = 60.0
"""What a run may take beyond the time of sending: reading the requests, and the last answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is sent, to whom, and for how long."""

    requests: Path
    port: int
    connections: int
    seconds: float
    pace_s: float = 0.0
    is_endless: bool = False
    """Begin again after the last request; right for reads only."""


@dataclass(frozen=True, slots=True)
class RunningLoad:
    """A generator that is under way."""

    process: RunningProcess
    seconds: float

    def outcome(self) -> Outcome:
        """Wait for its end. Raises ProcessError when it failed."""
        self.process.wait_for_end(self.seconds + _AFTER_S)
        return msgspec.json.decode(self.process.log_text().splitlines()[-1], type=Outcome)


@contextmanager
def running_load(folder: Path, load: Load) -> Iterator[RunningLoad]:
    """Start the generator; it is killed if it still runs when the block is left."""
    options = {
        "--port": load.port,
        "--connections": load.connections,
        "--seconds": load.seconds,
        "--pace-s": load.pace_s,
    }
    arguments = [str(part) for option in options.items() for part in option]
    if load.is_endless:
        arguments.append("--endless")
    name = f"load-{uuid.uuid4().hex[:8]}"
    process = start_process(name, ["-m", "tests.benchmarks.load", str(load.requests), *arguments], folder, {})
    try:
        yield RunningLoad(process, load.seconds)
    finally:
        process.kill()


def send(folder: Path, load: Load) -> Outcome:
    """Start the generator and wait for what it tells."""
    with running_load(folder, load) as running:
        return running.outcome()
