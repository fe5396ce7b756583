"""Six hours in which Telnyx is away, refuses the key, or nobody reconciles; and what comes back all at once then."""

from dataclasses import replace
from functools import cache

import pytest

from tests.simulation.api import Outage
from tests.simulation.faults import NO_FAULTS, Stretch
from tests.simulation.quota import LIMIT
from tests.simulation.report import delays_after, given_up_in
from tests.simulation.scenario import Scenario, rush
from tests.simulation.simulation import Outcome, simulate

HOUR_S = 3_600.0
BACK_S = 12 * HOUR_S
SIX_HOURS = Stretch(BACK_S - 6 * HOUR_S, BACK_S)
QUIET = replace(rush(3, days=1, sessions_per_day=400), rates=NO_FAULTS, quiet_days=1)
AWAY = replace(QUIET, outages=(Outage(SIX_HOURS, 503),))
REVOKED = replace(QUIET, outages=(Outage(SIX_HOURS, 401),))
NOBODY = replace(QUIET, down_s=BACK_S)

lived = cache(simulate)
"""Each scenario once: what it came to, with book = bill in every session."""

pytestmark = pytest.mark.timeout(300)


def asked_in_vain(outcome: Outcome) -> tuple[int, int]:
    """Requests during the outage: in all, and the most in one minute."""
    counts = outcome.world.telnyx.in_vain
    return counts.total(), max(counts.values())


def test_a_telnyx_that_is_away_is_asked_once_a_minute() -> None:
    total, most_per_minute = asked_in_vain(lived(AWAY))
    assert 6 * 30 <= total <= 6 * 60 + 20
    assert most_per_minute <= 12


def test_a_refused_key_is_tried_now_and_then() -> None:
    total, most_per_minute = asked_in_vain(lived(REVOKED))
    assert 6 * 4 <= total <= 6 * 4 + 10
    assert most_per_minute <= 2


@pytest.mark.parametrize("scenario", [AWAY, REVOKED], ids=["away", "revoked"])
def test_no_job_is_given_up(scenario: Scenario) -> None:
    assert given_up_in(lived(scenario), SIX_HOURS) == 0


@pytest.mark.parametrize("scenario", [AWAY, REVOKED, NOBODY], ids=["away", "revoked", "nobody"])
def test_what_waited_comes_back_within_the_quota(scenario: Scenario) -> None:
    """More than the quota allows ends the simulation; so does a session that differs from the bill."""
    meter = lived(scenario).world.meter
    assert meter.most_per_minute <= LIMIT
    assert meter.refused_count * 20 < meter.sent_count


@pytest.mark.parametrize("scenario", [AWAY, REVOKED, NOBODY], ids=["away", "revoked", "nobody"])
def test_what_waited_is_exact_soon(scenario: Scenario) -> None:
    delays = delays_after(lived(scenario).world.book, SIX_HOURS.from_s, BACK_S)
    assert delays.count > 50
    assert delays.p95 <= 20 * 60
