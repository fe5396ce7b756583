"""What is simulated: how much traffic, for how long, which faults, under which settings."""

from dataclasses import dataclass, field
from datetime import timedelta

from services.reconciler.settings import ReconcilerSettings
from services.telnyx_vocabulary.record_types import RECORD_TYPES
from tests.simulation.api import Outage, Silence
from tests.simulation.faults import USUAL, Rates, Stretch
from tests.simulation.restoring import Restore
from tests.simulation.traffic import ALL_DAY, Shape

_DAY_S = 86_400.0

UNKNOWN_TYPES = frozenset(entry.name for entry in RECORD_TYPES if entry.has_money) - {
    "sip-trunking",
    "call-control",
    "webrtc",
    "recording",
    "amd",
    "messaging",
    "inference",
    "conference-participant",
}
"""Types that the simulated account does not have: they are refused. One that it has is never used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One simulation.

    `down_s`: until then nobody reconciles, so that a backlog builds up. `pace_s`: how soon after a turn the next may
    find and serve jobs. `quiet_days` follow the last day of traffic: everything that comes late comes within them.
    """

    seed: int
    days: int
    sessions_per_day: int
    shape: Shape = ALL_DAY
    rates: Rates = USUAL
    silences: tuple[Silence, ...] = ()
    strangers: tuple[Stretch, ...] = ()
    restores: tuple[Restore, ...] = ()
    outages: tuple[Outage, ...] = ()
    sweep_interval_s: int = 900
    delays_s: tuple[int, ...] = (5, 30, 60, 120, 240, 480, 960)
    down_s: float = 0.0
    quiet_days: int = 31
    pace_s: float = 1.0
    learns: bool = True
    settings: ReconcilerSettings = field(init=False)

    def __post_init__(self) -> None:
        settings = ReconcilerSettings(
            _env_file=None,
            sweep_interval_seconds=self.sweep_interval_s,
            reconcile_delays_seconds=self.delays_s,
        )
        object.__setattr__(self, "settings", settings)

    @property
    def command(self) -> str:
        """What lives through the same again, if nothing but the seed, the length and the traffic were chosen."""
        return (
            f"make simulate SEED={self.seed} DAYS={self.days} SESSIONS={self.sessions_per_day}"
            f" DOWN={self.down_s / 3_600:g}"
        )

    @property
    def traffic_s(self) -> float:
        """When the last conversation has begun."""
        return self.days * _DAY_S

    @property
    def end_s(self) -> float:
        """When nothing that is to come can still come."""
        return (self.days + self.quiet_days) * _DAY_S

    @property
    def patience(self) -> timedelta:
        """How often it is looked whether a sweep is due."""
        return timedelta(seconds=max(60.0, self.sweep_interval_s / 6))


def year(seed: int, days: int = 365, sessions_per_day: int = 50) -> Scenario:
    """A long, quiet life in which everything goes wrong now and then: asked seldom, so that it takes minutes."""
    return Scenario(
        seed=seed,
        days=days,
        sessions_per_day=sessions_per_day,
        shape=Shape(spread_s=8 * 3_600.0),
        sweep_interval_s=6 * 3_600,
        delays_s=(140, 600, 7_200),
        pace_s=20.0,
    )


def rush(seed: int, days: int = 3, sessions_per_day: int = 10_000) -> Scenario:
    """Many calls, evenly spread over the day, under the settings that Tollbook comes with."""
    return Scenario(seed=seed, days=days, sessions_per_day=sessions_per_day)
