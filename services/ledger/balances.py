"""The account's balance over time: which of many snapshots tell its course, and how fast it is being used up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

BURN_PERIOD = timedelta(days=7)
"""Over how long the use of the balance is watched: a week has all its days."""

_SHORTEST_OBSERVATION = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_DAY_MICROS = timedelta(days=1) // _MICROSECOND
_LONGEST_LEFT = timedelta(days=100 * 365)
"""A balance that lasts longer than this does not shrink in any sense that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the balance was at `read_at`; amounts in nanos of `currency`."""

    read_at: datetime
    currency: str
    balance_nanos: int
    pending_nanos: int
    credit_limit_nanos: int
    available_credit_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRate:
    """Nanos per day, over how long that was observed, and until when the available credit lasts (None: for ever)."""

    currency: str
    nanos_per_day: int
    observed: timedelta
    time_left: timedelta | None


def burn_rate(snapshots: Sequence[Snapshot]) -> BurnRate | None:
    """How fast the balance fell over these snapshots, oldest first; None for less than a day of them.

    What it rose is a top-up, and left out. Snapshots in another currency than the last one's tell nothing.
    """
    same = [each for each in snapshots if each.currency == snapshots[-1].currency]
    if not same or same[-1].read_at - same[0].read_at < _SHORTEST_OBSERVATION:
        return None
    observed = same[-1].read_at - same[0].read_at
    used = sum(max(0, before.balance_nanos - after.balance_nanos) for before, after in pairwise(same))
    per_day = used * _DAY_MICROS // (observed // _MICROSECOND)
    return BurnRate(
        currency=same[-1].currency,
        nanos_per_day=per_day,
        observed=observed,
        time_left=_time_left(same[-1].available_credit_nanos, per_day),
    )


def _time_left(available_nanos: int, nanos_per_day: int) -> timedelta | None:
    if nanos_per_day <= 0:
        return None
    micros = max(0, available_nanos) * _DAY_MICROS // nanos_per_day
    return timedelta(microseconds=micros) if micros <= _LONGEST_LEFT // _MICROSECOND else None


def thinned(snapshots: Sequence[Snapshot], max_points: int) -> list[Snapshot]:
    """At most `max_points` of these snapshots, oldest first: those at which the balance turned, then an even choice.

    The first and the last are always among them. `max_points` is at least 2.
    """
    count = len(snapshots)
    if count <= max_points:
        return list(snapshots)
    inner = _turning_places(snapshots)
    room = max_points - 2
    if len(inner) > room:
        inner = _evenly(inner, room)
    else:
        turning = set(inner)
        others = [place for place in range(1, count - 1) if place not in turning]
        inner = [*inner, *_evenly(others, room - len(inner))]
    return [snapshots[place] for place in sorted({0, count - 1, *inner})]


def _turning_places(snapshots: Sequence[Snapshot]) -> list[int]:
    """Where the balance went down before and up after, or the other way round; of equal ones the last."""
    places = []
    direction = 0
    for place, (before, after) in enumerate(pairwise(snapshots)):
        step = after.balance_nanos - before.balance_nanos
        if step and direction and (step > 0) != (direction > 0):
            places.append(place)
        direction = step or direction
    return places


def _evenly(places: Sequence[int], count: int) -> list[int]:
    return [places[(2 * number + 1) * len(places) // (2 * count)] for number in range(count)]
