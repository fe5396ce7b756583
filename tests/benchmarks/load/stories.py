"""Webhooks of made-up calls, in the shape and the order in which a busy account sends them."""

import random
import string
import uuid
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from tests.sandbox.events import Payload, answered, hangup, initiated, leg_ids, make_event
from tests.sandbox.legs import Leg

_URL_SAFE = string.ascii_letters + string.digits + "-_"
_NUMBERS = 50
_CALLS_RINGING = 100
_CALLS_TALKING = 400
_COST_TOLD = 0.5
"""Of the calls: `call.cost` is a setting of each application."""


def webhooks(rng: random.Random, count: int, now: datetime) -> Iterator[Payload]:
    """`count` webhook bodies. Every call is a session of its own: initiated, answered and hung up, half with its cost.

    Hundreds of calls are under way at once, so the webhooks of one call come far apart, and its hang-up and its cost
    close together.
    """
    return islice(_all_webhooks(rng, now), count)


def draw_leg(rng: random.Random, now: datetime) -> Leg:
    """A call that began ten minutes ago or so, and was answered; alone in its session."""
    account, contact = f"+120255501{rng.randrange(_NUMBERS):02}", f"+1303555{rng.randrange(10_000):04}"
    is_incoming = rng.random() < 0.5
    start = now - timedelta(seconds=600 + rng.random() * 60)
    answer = start + timedelta(seconds=1 + rng.random() * 9)
    return Leg(
        call_control_id="v3:" + "".join(rng.choices(_URL_SAFE, k=50)),
        call_leg_id=_uuid(rng),
        call_session_id=_uuid(rng),
        sip_call_id="",
        connection_id="1494404757140276705",
        direction="incoming" if is_incoming else "outgoing",
        from_=contact if is_incoming else account,
        to=account if is_incoming else contact,
        start=start,
        answered_at=answer,
        end=answer + timedelta(seconds=5 + rng.random() * 500),
    )


def webhook(rng: random.Random, event_type: str, occurred_at: datetime, payload: Payload) -> Payload:
    """A whole body around a payload, under an id of its own."""
    body = make_event("calls", event_type, _uuid(rng), occurred_at, payload).body
    return {
        **body,
        "meta": {"attempt": 1, "delivered_to": "https://tollbook.example/api/telnyx/webhooks/calls"},
    }


def _all_webhooks(rng: random.Random, now: datetime) -> Iterator[Payload]:
    ringing: deque[Leg] = deque()
    talking: deque[Leg] = deque()
    while True:
        leg = draw_leg(rng, now)
        ringing.append(leg)
        yield webhook(rng, "call.initiated", leg.start, initiated(leg))
        if len(ringing) > _CALLS_RINGING:
            leg = ringing.popleft()
            talking.append(leg)
            yield webhook(rng, "call.answered", leg.answered_at or leg.start, answered(leg))
        if len(talking) > _CALLS_TALKING:
            leg = talking.popleft()
            yield webhook(rng, "call.hangup", leg.end, hangup(leg))
            if rng.random() < _COST_TOLD:
                yield webhook(rng, "call.cost", leg.end, _cost(leg))


def _cost(leg: Leg) -> Payload:
    billed_s = -(-leg.talk_s // 60) * 60
    parts = [
        {
            "call_part": name,
            "cost": f"{billed_s // 60 * mills / 1000:.4f}",
            "rate": f"{mills / 1000}",
            "currency": "USD",
            "billed_duration_secs": billed_s,
        }
        for name, mills in (("sip-trunking", 5), ("call-control", 2))
    ]
    total = f"{billed_s // 60 * 7 / 1000:.4f}"
    return {
        **leg_ids(leg),
        "billed_duration_secs": billed_s,
        "cost_parts": parts,
        "total_cost": total,
        "status": "success",
    }


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
