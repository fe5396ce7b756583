"""A slow disk: batches grow, nobody waits beyond a deadline, and what was acknowledged is in the book."""

import time
from pathlib import Path

import pytest

from tests.support.front_door import FrontDoor, open_front_door
from tests.support.waiting import wait_until

SLOW = "ledger.intake.appending=delay:0.3,ledger.events.derived=delay:0.3"
STUCK = "ledger.intake.appending=delay:12,ledger.events.derived=delay:12"
EDGE_PATIENCE_S = 10.0


def batches(door: FrontDoor) -> int:
    """In how many calls the edge has handed its webhooks to the ledger."""
    lines = door.http.get(f"{door.tollbook.admin_url('gateway')}/metrics").text.splitlines()
    [line] = [line for line in lines if line.startswith("tollbook_webhook_batch_events_count")]
    return int(float(line.split()[-1]))


@pytest.mark.timeout(120)
def test_batches_grow_and_all_is_acknowledged(tmp_path: Path) -> None:
    with open_front_door(tmp_path, SLOW) as door:
        names = [f"call {number}" for number in range(200)]
        answers = door.deliver_together(names, timeout_s=60)
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert len(door.acknowledged) >= len(names) / 2
        assert batches(door) <= len(names) / 20
        wait_until(lambda: door.lost() == set(), 60, "acknowledged webhooks do not come into the book")


@pytest.mark.timeout(120)
def test_nobody_waits_for_a_disk_that_hangs_beyond_the_deadline(tmp_path: Path) -> None:
    with open_front_door(tmp_path, STUCK) as door:
        started_s = time.monotonic()
        answers = door.deliver_together([f"call {number}" for number in range(100)], timeout_s=60)
        assert time.monotonic() - started_s < 3 * EDGE_PATIENCE_S
        assert {answer.status_code for answer in answers} == {503}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert door.http.get("/healthz").status_code == 200
