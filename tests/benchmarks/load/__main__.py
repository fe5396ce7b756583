"""The load generator's process: `python -m tests.benchmarks.load REQUESTS --port N --connections N --seconds S`.

Closed loop: every connection sends its next request when the last was answered. At the end it prints one line of JSON:
the columns of `Answers`, when it began and stopped sending by the monotonic clock, and its own CPU time.
"""

import argparse
import asyncio
import gc
import itertools
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import uvloop

from tests.benchmarks.load.connection import Answers, Work, keep_sending
from tests.benchmarks.load.deliveries import read_requests

_LAST_ANSWERS_S = 30.0


def main() -> None:
    """Send for so long, then tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--pace-s", type=float, default=0.0)
    parser.add_argument("--endless", action="store_true", help="begin again after the last request")
    asked = parser.parse_args()
    requests = read_requests(asked.requests)
    # Nothing here is garbage; looking for it would be the largest cost of an answer.
    gc.disable()
    start_s = time.monotonic()
    end_s = start_s + asked.seconds
    work = Work(
        requests=itertools.cycle(requests) if asked.endless else iter(requests),
        answers=Answers(),
        pace_s=asked.pace_s,
        is_over=lambda: time.monotonic() >= end_s,
    )
    cpu_s = time.process_time()
    uvloop.run(_send(asked.port, asked.connections, work, asked.seconds))
    told = {
        "start_s": start_s,
        "end_s": end_s,
        "cpu_s": time.process_time() - cpu_s,
        "elapsed_s": time.monotonic() - start_s,
        "answers": work.answers,
    }
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")


async def _send(port: int, connections: int, work: Work, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds + _LAST_ANSWERS_S), asyncio.TaskGroup() as senders:
            for _ in range(connections):
                senders.create_task(keep_sending(port, work))


if __name__ == "__main__":
    main()
