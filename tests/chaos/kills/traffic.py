"""What Telnyx sends meanwhile: calls and messages in bursts, as long as anything is killed."""

import random
import threading
from typing import Final

from tests.sandbox.client import SandboxClient

_BURST: Final = (1, 40)
"""Sessions and messages at once; each has three or four webhooks, and some of these come twice."""

_TRICKLE: Final = (1, 25)
"""The same once enough has been sent, while there are still kills to come."""

_PAUSE_S: Final = (0.5, 2.0)


_ENDED_AGO_S: Final = 40.0
"""Some records are by clocks that are 45 s ahead: nobody waits so long for the last of them."""


def delivery_count(client: SandboxClient) -> int:
    """How many webhooks were sent, however often each was tried."""
    counts = client.counts()["webhooks"]
    return int(counts.get("accepted", 0)) + int(counts.get("given_up", 0))


def send_burst(client: SandboxClient, count: int) -> None:
    """Let so many sessions and messages happen at once."""
    client.create("mixed", count, ended_ago_s=_ENDED_AGO_S)


def send_traffic(
    base_url: str, webhook_count: int, rng: random.Random, kills_are_done: threading.Event
) -> None:
    """Let things happen until all kills are done and so many webhooks were sent."""
    pause = threading.Event()
    with SandboxClient(base_url) as client:
        while True:
            has_enough = delivery_count(client) >= webhook_count
            if has_enough and kills_are_done.is_set():
                return
            send_burst(client, rng.randint(*(_TRICKLE if has_enough else _BURST)))
            pause.wait(rng.uniform(*_PAUSE_S))
