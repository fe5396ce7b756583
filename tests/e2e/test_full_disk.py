"""A full disk: webhooks are refused, what was acknowledged stays, reads go on, and all goes on once there is room."""

from pathlib import Path

import pytest

from tests.support.drift import equals_the_bill
from tests.support.front_door import FrontDoor, limit_files, open_front_door
from tests.support.stack import running_stack
from tests.support.waiting import wait_until

FULL_BYTES = 4096
"""No file of the ledger can grow: each is larger already, its log too."""


def readiness(door: FrontDoor) -> tuple[int, str]:
    answer = door.http.get("/readyz")
    return answer.status_code, answer.text


@pytest.mark.timeout(120)
def test_the_disk_of_the_ledger_is_full(tmp_path: Path) -> None:
    with open_front_door(tmp_path) as door:
        assert door.deliver("before").status_code == 200
        ledger = door.tollbook.running["ledger"]
        limit_files(ledger.pid, FULL_BYTES)

        refused = door.deliver("refused")
        assert (refused.status_code, int(refused.headers["retry-after"])) == (503, 30)
        assert "disk" in refused.json()["detail"]
        together = door.deliver_together([f"refused {number}" for number in range(40)])
        assert {answer.status_code for answer in together} == {503}
        assert door.booked() == {"before"}
        wait_until(lambda: readiness(door)[0] == 503, 30, "the edge does not say that it is not ready")
        assert "disk" in readiness(door)[1]

        limit_files(ledger.pid, None)
        wait_until(lambda: readiness(door)[0] == 200, 30, "the edge does not become ready")
        assert door.deliver("after").status_code == 200
        assert {answer.status_code for answer in door.deliver_together(["refused", "refused 7"])} == {200}
        assert door.lost() == set()
        assert door.tollbook.stop("ledger") == 0


@pytest.mark.timeout(120)
def test_the_disk_of_the_reconciler_is_full(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        reconciler = stack.tollbook.running["reconciler"]
        limit_files(reconciler.pid, FULL_BYTES)
        stack.sandbox.client.create("mixed", 12, call_cost="never")
        stack.sandbox.client.wait(30)
        assert stack.total() > 0
        assert stack.estimated_count() > 0
        limit_files(reconciler.pid, None)
        wait_until(lambda: equals_the_bill(stack), 60, "the book does not come to equal the bill")
        assert stack.tollbook.stop("reconciler") == 0
