"""The remote control from the other side: for tests whose sandbox is a process of its own."""

from decimal import Decimal
from typing import Any, Self

import httpx

# Longer than the longest wait that the sandbox allows.
_TIMEOUT_S = 610.0


class SandboxError(RuntimeError):
    """The sandbox refused what it was asked for; the message is its own."""


class SandboxClient:
    """Synchronous verbs, one per endpoint of `control`. Raises SandboxError where the sandbox answers with an error."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.Client(base_url=f"{base_url}/_sandbox", timeout=_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create(self, kind: str = "mixed", count: int = 1, **options: object) -> list[dict[str, Any]]:
        """Let things happen; the options are those of `control.Creation`. Returns what was made, with its ids."""
        made: list[dict[str, Any]] = self._ask("POST", "create", {"kind": kind, "count": count, **options})[
            "created"
        ]
        return made

    def deliver(self) -> int:
        """Send the webhooks that were held back; of how many activities."""
        return int(self._ask("POST", "deliver")["delivering"])

    def wait(self, timeout_s: float = 60.0) -> None:
        """Until every webhook was attempted as often as it will be. Raises TimeoutError."""
        if not self._ask("POST", "wait", {"timeout_s": timeout_s})["idle"]:
            raise TimeoutError(f"webhooks were still under way after {timeout_s:.0f} s")

    def reveal(self) -> int:
        """Make every record visible now; how many were not."""
        return int(self._ask("POST", "reveal")["revealed"])

    def revise(self, record_type: str, record_id: str, amount: Decimal) -> None:
        """Correct the amount of a record, from now on."""
        body = {"record_type": record_type, "record_id": record_id, "amount": str(amount)}
        self._ask("POST", "revise", body)

    def inject(self, record_type: str, fields: dict[str, Any], charge: Decimal = Decimal(0)) -> None:
        """Serve a record exactly as given, however broken; `charge` is what it adds to the bill."""
        self._ask("POST", "inject", {"record_type": record_type, "fields": fields, "charge": str(charge)})

    def make_odd(self, kind: str) -> dict[str, Any]:
        """Serve a record that is odd in one way (see `odd_records`): its type, its id, and its fields."""
        return self._ask("POST", "odd", {"kind": kind})

    def vanish(self, record_type: str, record_id: str, *, everywhere: bool = False) -> None:
        """Let detail_records forget a record; with `everywhere` it was never charged either."""
        body = {"record_type": record_type, "record_id": record_id, "everywhere": everywhere}
        self._ask("POST", "vanish", body)

    def book(self, kind: str, amount: Decimal, *, ago_s: float = 0.0) -> Decimal:
        """Move the balance by something that is no usage, such as a `top_up`; the balance then."""
        return Decimal(
            self._ask("POST", "book", {"kind": kind, "amount": str(amount), "ago_s": ago_s})["balance"]
        )

    def make_history(self, days: int) -> int:
        """Make up so many days of traffic that are long gone; how many activities there are then."""
        return int(self._ask("POST", "history", {"days": days})["activities"])

    def send(self, product: str, body: str) -> None:
        """Send one webhook with this body, signed, to `calls` or `sms`."""
        self._ask("POST", "send", {"product": product, "body": body})

    def set_faults(self, **changes: object) -> None:
        """Change some of the `settings.Faults`."""
        self._ask("PUT", "faults", changes)

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def set_outage(self, on: bool) -> None:
        """While it is on, every request under `/v2` is answered 503 with a page of HTML."""
        self._ask("PUT", "outage", {"on": on})

    def rotate_key(self) -> str:
        """Revoke the account's API key, which is answered 401 from now on; gives the one that works instead."""
        return str(self._ask("POST", "rotate_key")["api_key"])

    def bill(self) -> dict[str, Any]:
        """The true bill; see `bill.true_bill`."""
        return self._ask("GET", "bill")

    def public_key(self) -> str:
        return str(self._ask("GET", "public_key")["public_key"])

    def counts(self) -> dict[str, Any]:
        """`requests` by endpoint, `refusals` (429s, by `quota` and `fault`), `webhooks`, `activities`."""
        return self._ask("GET", "counts")

    def acknowledged_ids(self) -> list[str]:
        """The ids of the latest 50,000 events that were answered 2xx; one that was sent twice may be there twice."""
        ids: list[str] = self._ask("GET", "acknowledged")["event_ids"]
        return ids

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        response = self._http.request(method, f"/{path}", json=body)
        answer: dict[str, Any] = response.json()
        if response.is_error:
            raise SandboxError(f"{method} {path}: {answer.get('error', answer)}")
        return answer
