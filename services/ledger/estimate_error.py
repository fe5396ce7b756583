"""How far estimates lay from what calls came to, and how far the flat rate would have."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """One settled call: its first estimate, its exact cost, and what the flat rate would have said, in nanos."""

    estimate_nanos: int
    cost_nanos: int
    flat_nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateError:
    """Per call, whichever way, in nanos: the mean, rounded down, and what 95 of 100 calls do not exceed."""

    call_count: int = 0
    mean_nanos: int = 0
    p95_nanos: int = 0
    flat_mean_nanos: int = 0
    flat_p95_nanos: int = 0


def estimate_error(calls: Sequence[JudgedCall]) -> EstimateError:
    """All 0 where there are no calls."""
    if not calls:
        return EstimateError()
    errors = sorted(abs(call.estimate_nanos - call.cost_nanos) for call in calls)
    flat_errors = sorted(abs(call.flat_nanos - call.cost_nanos) for call in calls)
    return EstimateError(
        call_count=len(calls),
        mean_nanos=sum(errors) // len(errors),
        p95_nanos=_p95(errors),
        flat_mean_nanos=sum(flat_errors) // len(flat_errors),
        flat_p95_nanos=_p95(flat_errors),
    )


def _p95(ascending: Sequence[int]) -> int:
    """The smallest value that at least 95 of 100 do not exceed (nearest rank)."""
    return ascending[-(-95 * len(ascending) // 100) - 1]


def at_other_rate(estimate_nanos: int, nanos_per_minute: int, other_nanos_per_minute: int) -> int:
    """What an estimate would have been at another rate. A rate of 0 tells no length: then nothing is changed."""
    if not nanos_per_minute:
        return estimate_nanos
    return estimate_nanos * other_nanos_per_minute // nanos_per_minute
