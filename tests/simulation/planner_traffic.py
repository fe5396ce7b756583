"""Traffic for the planner alone: when sessions begin and end, and when their detail records appear. No money."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from random import Random

_MEAN_S = 180.0
_SIGMA = 1.0
_ON_EACH_LEG = ("sip-trunking", "call-control")
_LATE = 0.005


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A record: its own time and when it can first be read, in seconds of the simulation."""

    record_type: str
    record_id: str
    session_id: str
    at_s: float
    visible_s: float


@dataclass(frozen=True, slots=True)
class PlannedLeg:
    """A leg that webhooks announce, and the types that are expected of it."""

    call_id: str
    session_id: str
    start_s: float
    end_s: float
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """One conversation."""

    legs: tuple[PlannedLeg, ...]
    rows: tuple[PlannedRow, ...]


def traffic(per_day: int, length_s: float, seed: int) -> Iterator[PlannedSession]:
    """Sessions in order of their beginning, spread evenly: two or three legs, eight records or so of up to six types.

    They last three minutes on average (log-normal: one in twenty more than ten minutes). Records appear 5 to 60 s after
    the hang-up, billed sip-trunking until 133 s, one in two hundred by hours later. One session in thirty is announced
    by no webhook, and one in fifty leaves no call-control record.
    """
    rng = Random(f"planner {seed}")
    at_s, number = 0.0, 0
    while (at_s := at_s + rng.uniform(0, 2 * 86_400 / per_day)) < length_s:
        number += 1
        yield _session(f"s{number}", at_s, rng)


def _session(session_id: str, start_s: float, rng: Random) -> PlannedSession:
    end_s = start_s + 5 + rng.lognormvariate(log(_MEAN_S) - _SIGMA**2 / 2, _SIGMA)
    has_agent, has_twin = rng.random() < 0.9, rng.random() < 0.6
    features = [name for name, share in (("recording", 0.8), ("amd", 0.5)) if rng.random() < share]
    silent_features = [name for name, share in (("webrtc", 0.6), ("stt", 0.4)) if rng.random() < share]
    starts_s = (
        [start_s] + [start_s + rng.uniform(1, 8)] * has_agent + [start_s + rng.uniform(1, 8)] * has_twin
    )
    rows: list[PlannedRow] = []
    for name in _ON_EACH_LEG:
        if name == "call-control" and rng.random() < 0.02:
            continue
        rows += [
            _row(name, session_id, leg_s + rng.uniform(-1, 1), end_s, len(rows) + at, rng)
            for at, leg_s in enumerate(starts_s)
        ]
    for name in (*features, *silent_features):
        rows.append(_row(name, session_id, start_s + rng.uniform(2, 10), end_s, len(rows), rng))
    announced = starts_s[: 1 + has_agent] if rng.random() >= 1 / 30 else []
    legs = tuple(
        PlannedLeg(
            f"{session_id}-{number}",
            session_id,
            leg_s,
            end_s,
            (*_ON_EACH_LEG, *(features if number == 0 else ())),
        )
        for number, leg_s in enumerate(announced)
    )
    return PlannedSession(legs, tuple(rows))


def _row(name: str, session_id: str, at_s: float, end_s: float, number: int, rng: Random) -> PlannedRow:
    visible_s = end_s + (
        rng.uniform(60, 133) if name == "sip-trunking" and not number else rng.uniform(5, 60)
    )
    if rng.random() < _LATE:
        visible_s += rng.expovariate(1 / 7_200)
    return PlannedRow(name, f"{session_id}-{name}-{number}", session_id, at_s, visible_s)
