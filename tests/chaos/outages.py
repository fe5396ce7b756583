"""Six hours without Telnyx, with a refused key, or without a reconciler, lived through in virtual time."""

from dataclasses import replace

from tests.benchmarks.measured import Effort, Measured, Report
from tests.benchmarks.timing import tell
from tests.simulation.api import Outage
from tests.simulation.faults import NO_FAULTS, Stretch
from tests.simulation.quota import LIMIT
from tests.simulation.report import delays_after, given_up_in
from tests.simulation.scenario import Scenario, rush
from tests.simulation.simulation import simulate

_HOUR_S = 3_600.0
_SIX_HOURS = Stretch(6 * _HOUR_S, 12 * _HOUR_S)
_MOST_REFUSED_PERCENT = 5.0
_SESSIONS, _QUICK_SESSIONS = 3_000, 200
_NOTE = (
    "{sessions:,} sessions within a day, simulated with the real reconciler, reader and quota; six of its hours "
    "(twelve, where nobody reconciles) without Telnyx. At the end every session costs what the bill says."
)


def measure(effort: Effort) -> Report:
    """See docs/reliability.md. A session that ends at another cost than the bill ends the simulation, and fails."""
    sessions = _QUICK_SESSIONS if effort.is_quick else _SESSIONS
    quiet = replace(rush(3, days=1, sessions_per_day=sessions), rates=NO_FAULTS, quiet_days=2)
    away, revoked = (replace(quiet, outages=(Outage(_SIX_HOURS, status),)) for status in (503, 401))
    return Report(
        part="outages",
        title="Six hours without Telnyx",
        measured=(
            *_lived("Telnyx is away", away, most_in_vain=400),
            *_lived("the key is refused", revoked, most_in_vain=40),
            *_lived("nobody reconciles", replace(quiet, down_s=_SIX_HOURS.to_s), most_in_vain=0),
        ),
        notes=(_NOTE.format(sessions=sessions),),
    )


def _lived(subject: str, scenario: Scenario, most_in_vain: int) -> tuple[Measured, ...]:
    tell(f"{subject}: {scenario.sessions_per_day} sessions")
    outcome = simulate(scenario)
    meter, in_vain = outcome.world.meter, outcome.world.telnyx.in_vain
    back = delays_after(outcome.world.book, _SIX_HOURS.from_s, _SIX_HOURS.to_s)
    refused_percent = 100 * meter.refused_count / max(1, meter.sent_count)
    return (
        _one(subject, "asked in vain", "requests", in_vain.total(), most_in_vain),
        _one(subject, "jobs given up", "", given_up_in(outcome, _SIX_HOURS), 0),
        _one(subject, "most in a minute afterwards", "requests", meter.most_per_minute, LIMIT),
        _one(subject, "429s", "%", refused_percent, _MOST_REFUSED_PERCENT),
        _one(subject, "half of what waited exact after", "s", back.median),
        _one(subject, "95 % of what waited exact after", "s", back.p95),
    )


def _one(subject: str, name: str, unit: str, value: float, at_most: float | None = None) -> Measured:
    return Measured(subject=subject, name=name, unit=unit, values=(float(value),), at_most=at_most)
