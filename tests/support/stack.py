"""The whole system beside a test: the sandbox account and the four services, started together."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from services.common.exact_json import decode_json
from tests.support.ports import free_port
from tests.support.processes import Tollbook, running_tollbook
from tests.support.sandbox import RunningSandbox, running_sandbox

QUICK_QUOTA = ("--quota-limit", "80", "--quota-window-s", "2")
"""The sandbox's quota, renewed often enough that a test need not wait for minutes to pass."""

QUICK_TIMES = {
    "RECONCILE_DELAYS_SECONDS": "1,2,2,4,4,8,8",
    "SETTLE_HORIZON_SECONDS": "6",
    "SWEEP_INTERVAL_SECONDS": "4",
}
"""The schedule of the design, made short."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running system, seen from outside: the edge over HTTP, and the sandbox's remote control."""

    tollbook: Tollbook
    sandbox: RunningSandbox
    http: httpx.Client

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON answer of a REST endpoint, its numbers exact. Fails the test unless it is 200."""
        response = self.http.get(path, params=parameters)
        assert response.status_code == httpx.codes.OK, f"{path}: {response.status_code} {response.text}"
        return decode_json(response.content)

    def total(self) -> Decimal:
        """What the whole book costs."""
        return Decimal(self.get("/api/billing/summary", **{"from": "2000-01-01"})["totals"]["totalCost"])

    def records(self, **parameters: str) -> Iterator[dict[str, Any]]:
        """Every record of the book, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(
                "/api/billing/records", limit=200, **{"from": "2000-01-01"}, **parameters, **cursor
            )
            yield from page["records"]
            if not page["nextCursor"]:
                return
            cursor = {"cursor": page["nextCursor"]}

    def estimated_count(self) -> int:
        """How many charges are not exact yet."""
        answer = self.get("/api/billing/records", limit=1, status="estimated", **{"from": "2000-01-01"})
        return int(answer["summary"]["count"])


@contextmanager
def running_stack(
    folder: Path,
    *,
    sandbox_arguments: tuple[str, ...] = QUICK_QUOTA,
    environment: Mapping[str, str] | None = None,
    webhooks_go_to: str | None = None,
    with_webhooks: bool = True,
    runner: tuple[str, ...] = ("-m",),
) -> Iterator[Stack]:
    """Start the sandbox and the four services. Without `webhooks_go_to` they go straight to the edge.

    `environment` overrides what the services are given. In it, the word "other" as TELNYX_API_KEY stands for the other
    account's key, and "sandbox" within TELNYX_PUBLIC_KEY for the sandbox's own.
    """
    edge_port = free_port()
    target = webhooks_go_to or f"http://127.0.0.1:{edge_port}/api/telnyx/webhooks"
    hooks = ("--webhook-url", target) if with_webhooks else ()
    with running_sandbox(folder, *hooks, *sandbox_arguments) as sandbox:
        own = {
            "GATEWAY_PORT": str(edge_port),
            "TELNYX_API_BASE": sandbox.base_url,
            "TELNYX_API_KEY": sandbox.api_key,
            **QUICK_TIMES,
            **(environment or {}),
        }
        if own["TELNYX_API_KEY"] == "other":
            own["TELNYX_API_KEY"] = sandbox.other_api_key
        if "TELNYX_PUBLIC_KEY" in own:
            own["TELNYX_PUBLIC_KEY"] = own["TELNYX_PUBLIC_KEY"].replace("sandbox", sandbox.public_key)
        with (
            running_tollbook(folder, own, runner) as tollbook,
            httpx.Client(base_url=tollbook.edge_url, timeout=30.0, trust_env=False) as http,
        ):
            tollbook.start_all()
            yield Stack(tollbook, sandbox, http)
