"""Calls of the sandbox whose webhooks and detail records come when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.support.stack import Stack
from tests.support.waiting import wait_until

_NEVER_S = 3_600
_BOOKED_S = 20.0


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call that is over, of which nobody has told yet. `leg_ids` are those of its announced legs."""

    session_id: str
    leg_ids: tuple[str, ...]
    stack: Stack

    def announce(self) -> None:
        """Send its webhooks, and all others that are held."""
        self.stack.sandbox.client.deliver()

    def announce_and_wait(self) -> None:
        """The same; the book knows of it afterwards."""
        self.announce()
        wait_until(self._is_over, _BOOKED_S, "the call is not in the book", poll_s=0.1)

    def bill(self) -> None:
        """Show its detail records, and all others that are late."""
        self.stack.sandbox.client.reveal()

    def _is_over(self) -> bool:
        answers = [self.stack.http.get(f"/api/billing/calls/{leg_id}") for leg_id in self.leg_ids]
        return all(answer.status_code == httpx.codes.OK and answer.json()["endedAt"] for answer in answers)


def held_call(stack: Stack, kind: str = "pstn-outbound") -> HeldCall:
    """One call of this kind, without any `call.cost`."""
    with _records_held(stack):
        [made] = stack.sandbox.client.create(kind, 1, deliver=False, call_cost="never")
    legs = tuple(leg["call_control_id"] for leg in made["legs"] if leg["announced"])
    return HeldCall(made["key"], legs, stack)


@contextmanager
def _records_held(stack: Stack) -> Iterator[None]:
    stack.sandbox.client.set_faults(record_delay_min_s=_NEVER_S, record_delay_max_s=_NEVER_S)
    try:
        yield
    finally:
        stack.sandbox.client.set_faults(record_delay_min_s=2, record_delay_max_s=4)
