"""The sandbox Telnyx as a process beside the test, on a free loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sandbox.client import SandboxClient
from tests.support.processes import RunningProcess, start_process


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """`base_url` is for TELNYX_API_BASE, `api_key` for TELNYX_API_KEY, `public_key` for TELNYX_PUBLIC_KEY.

    `other_api_key` is a valid key of another account, which is empty.
    """

    process: RunningProcess
    client: SandboxClient
    base_url: str
    public_key: str
    api_key: str
    other_api_key: str


@contextmanager
def running_sandbox(folder: Path, *arguments: str) -> Iterator[RunningSandbox]:
    """Start `python -m tests.sandbox <arguments>`, wait until it listens, and end it with the block.

    with running_sandbox(folder, "--webhook-url", url, "--seed", "7", "--webhook-loss-rate", "0.2") as sandbox:
        sandbox.client.create("mixed", 300)
        sandbox.client.wait()
    """
    process = start_process("sandbox", ["-m", "tests.sandbox", *arguments], folder, {})
    try:
        ready = process.wait_for_event("sandbox.ready")
        with SandboxClient(ready["base_url"]) as client:
            yield RunningSandbox(
                process=process,
                client=client,
                base_url=ready["base_url"],
                public_key=ready["public_key"],
                api_key=ready["api_key"],
                other_api_key=ready["other_api_key"],
            )
    finally:
        process.kill()
