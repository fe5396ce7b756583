"""The three ways in that the README names: no webhook at all, passed on by an application, or straight from Telnyx."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.forwarding_app import forwarding_app
from tests.support.ports import free_port
from tests.support.stack import Stack, running_stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(150)
KINDS = ("pstn-outbound", "dialer", "recording", "sms-outbound", "sms-without-cost")


def test_sweeps_alone_find_everything(tmp_path: Path) -> None:
    with running_stack(tmp_path, with_webhooks=False) as stack:
        _let_things_happen(stack)
        _wait_for_the_bill(stack)
        assert {record["source"] for record in stack.records()} == {"detail_records_api"}


def test_webhooks_passed_on_by_an_application(tmp_path: Path) -> None:
    edge_port = free_port()
    with (
        forwarding_app(f"http://127.0.0.1:{edge_port}/api/telnyx/webhooks") as application_url,
        running_stack(
            tmp_path, environment={"GATEWAY_PORT": str(edge_port)}, webhooks_go_to=application_url
        ) as stack,
    ):
        _let_things_happen(stack)
        stack.sandbox.client.wait(30)
        assert _accepted(stack) > 0
        _wait_for_the_bill(stack)


def test_webhooks_straight_from_telnyx(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        _let_things_happen(stack)
        stack.sandbox.client.wait(30)
        assert _accepted(stack) > 0
        _wait_for_the_bill(stack)


def _let_things_happen(stack: Stack) -> None:
    for kind in KINDS:
        stack.sandbox.client.create(kind, 3)


def _accepted(stack: Stack) -> int:
    return int(stack.sandbox.client.counts()["webhooks"]["accepted"])


def _wait_for_the_bill(stack: Stack) -> None:
    true_total = Decimal(stack.sandbox.client.bill()["total"])
    wait_until(
        lambda: stack.total() == true_total and stack.estimated_count() == 0, 90, "the book is not the bill"
    )
