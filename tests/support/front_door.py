"""The edge and the ledger as processes of their own, and webhooks that come to them as from Telnyx."""

import asyncio
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from tests.support.processes import Tollbook, running_tollbook
from tests.support.telnyx_signer import TelnyxSigner

_PATH = "/api/telnyx/webhooks/calls"
_CONTROL = "control-"
_MOMENT = "2026-11-20T12:00:00Z"


def limit_files(pid: int, size_bytes: int | None) -> None:
    """Let no file of a process grow beyond this, as if its disk were full; None: as far as is allowed."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if size_bytes is None else size_bytes, hard))


def hangup_body(name: str, **payload: Any) -> bytes:
    """The webhook of a call that has just ended; the same id for the same name."""
    told = {
        "call_control_id": f"{_CONTROL}{name}",
        "call_leg_id": f"leg-{name}",
        "call_session_id": f"session-{name}",
        "direction": "outgoing",
        "from": "+12025550100",
        "to": "+12025550131",
        "start_time": _MOMENT,
        "end_time": "2026-11-20T12:01:00Z",
        "hangup_cause": "normal_clearing",
        **payload,
    }
    event = {
        "record_type": "event",
        "event_type": "call.hangup",
        "id": f"event-{name}",
        "occurred_at": _MOMENT,
    }
    return json.dumps({"data": {**event, "payload": told}}).encode()


@dataclass(slots=True)
class FrontDoor:
    """What answers webhooks, seen by Telnyx. `acknowledged`: names of the calls whose webhooks got a 200."""

    tollbook: Tollbook
    http: httpx.Client
    signer: TelnyxSigner
    acknowledged: set[str] = field(default_factory=set)

    def deliver(self, name: str) -> httpx.Response:
        """Deliver the webhook of one call."""
        response = self.http.post(_PATH, content=hangup_body(name), headers=self._signed(hangup_body(name)))
        if response.status_code == httpx.codes.OK:
            self.acknowledged.add(name)
        return response

    def deliver_together(self, names: list[str], timeout_s: float = 30.0) -> list[httpx.Response]:
        """Deliver the webhooks of many calls at the same time."""
        answers = asyncio.run(self._deliver_together(names, timeout_s))
        pairs = zip(names, answers, strict=True)
        self.acknowledged |= {name for name, answer in pairs if answer.status_code == httpx.codes.OK}
        return answers

    async def _deliver_together(self, names: list[str], timeout_s: float) -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=self.http.base_url, timeout=timeout_s, limits=limits, trust_env=False
        ) as client:
            bodies = [hangup_body(name) for name in names]
            posts = (client.post(_PATH, content=body, headers=self._signed(body)) for body in bodies)
            return await asyncio.gather(*posts)

    def _signed(self, body: bytes) -> dict[str, str]:
        return self.signer.headers(body, datetime.now(UTC))

    def booked(self) -> set[str]:
        """The names of the calls in the book."""
        names: set[str] = set()
        parameters: dict[str, str | int] = {"from": "2000-01-01", "limit": 200}
        while True:
            response = self.http.get("/api/billing/records", params=parameters)
            assert response.status_code == httpx.codes.OK, response.text
            page = response.json()
            names |= {record["id"].removeprefix(_CONTROL) for record in page["records"]}
            if not page["nextCursor"]:
                return names
            parameters["cursor"] = page["nextCursor"]

    def lost(self) -> set[str]:
        """The calls whose webhooks were acknowledged and that are not in the book."""
        return self.acknowledged - self.booked()


@contextmanager
def open_front_door(folder: Path, failpoints: str = "") -> Iterator[FrontDoor]:
    """An edge and a ledger, which has these failpoints; nobody is behind them."""
    signer = TelnyxSigner()
    own = {"TELNYX_PUBLIC_KEY": signer.public_key}
    with (
        running_tollbook(folder, own) as tollbook,
        httpx.Client(base_url=tollbook.edge_url, timeout=30.0, trust_env=False) as http,
    ):
        ledger = tollbook.begin("ledger", failpoints)
        ledger.wait_until_ready(f"{tollbook.admin_url('ledger')}/readyz")
        tollbook.start("gateway")
        yield FrontDoor(tollbook, http, signer)
