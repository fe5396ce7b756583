"""While Telnyx is away or refuses the key, it is asked now and then, and otherwise not at all."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.common.alarms import raised_alarms
from services.common.errors import TelnyxRefused, TelnyxUnreachable
from services.telnyx_gateway.quota import Priority
from services.telnyx_gateway.refusals import KEY_FIELD, KeyRefused, Retryable
from services.telnyx_gateway.standing import AWAY, REFUSED, Patience, Standing
from services.telnyx_gateway.standings import RECORDS, Standings
from tests.support.clocks import ManualClock

SIX_HOURS_S = 6 * 3_600
UNREACHABLE = "Telnyx did not answer in time"


def failed(patience: Patience, times: int, now_s: float = 0.0) -> Standing:
    standing = Standing(patience)
    for _ in range(times):
        standing = standing.failed(UNREACHABLE, now_s)
    return standing


def test_single_failures_stop_nothing() -> None:
    standing = failed(AWAY, AWAY.failures - 1)
    assert standing.wait_s(0.0) == 0
    assert standing.worked() == Standing(AWAY)


def test_after_failures_in_a_row_one_request_goes_now_and_then() -> None:
    standing = failed(AWAY, AWAY.failures)
    assert standing.wait_s(0.0) == AWAY.first_s
    assert standing.wait_s(AWAY.first_s) == 0
    assert standing.asking(AWAY.first_s).wait_s(AWAY.first_s) > 0, (
        "the next waits for what became of this one"
    )


@pytest.mark.parametrize(("patience", "most"), [(AWAY, 370), (REFUSED, 30)])
def test_in_six_hours_there_are_few_trials(patience: Patience, most: int) -> None:
    standing, count = Standing(patience), 0
    for second in range(SIX_HOURS_S):
        if not standing.wait_s(second):
            standing = standing.asking(second).failed(UNREACHABLE, second)
            count += 1
    assert count <= most
    assert standing.wait_s(SIX_HOURS_S) <= patience.longest_s, "and it never stops to be tried"


def test_a_person_need_not_wait_so_long_for_a_telnyx_that_was_away() -> None:
    standing = replace(failed(AWAY, 20), asked_s=0.0)
    assert standing.wait_s(0.0) == AWAY.longest_s
    assert standing.wait_s(0.0, for_person=True) == AWAY.for_people_s


def test_one_answer_ends_it() -> None:
    assert failed(AWAY, 20).worked().wait_s(0.0) == 0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def standings(clock: ManualClock) -> Iterator[Standings]:
    standings = Standings((RECORDS, "balance"), clock)
    yield standings
    standings.close()


def unreachable(standings: Standings, times: int) -> None:
    for _ in range(times):
        standings.failed(RECORDS, TelnyxUnreachable(UNREACHABLE))


def test_an_endpoint_that_is_away_stops_alone(standings: Standings) -> None:
    unreachable(standings, AWAY.failures)
    with pytest.raises(Retryable):
        standings.begin(RECORDS, Priority.JOB)
    standings.begin("balance", Priority.JOB)


def test_who_is_told_no_learns_since_when_and_until_when(standings: Standings, clock: ManualClock) -> None:
    unreachable(standings, AWAY.failures)
    clock.advance(600)
    unreachable(standings, 10)
    with pytest.raises(TelnyxUnreachable) as told:
        standings.begin(RECORDS, Priority.BACKGROUND)
    assert str(told.value) == f"{UNREACHABLE}, for 600 s now; it is asked again in 60 s"
    assert told.value.retry_after_s == 15, "who comes again costs nothing"


def test_the_failure_that_stops_requests_says_for_how_long(standings: Standings) -> None:
    unreachable(standings, AWAY.failures - 1)
    error = TelnyxUnreachable(UNREACHABLE)
    standings.failed(RECORDS, error)
    assert error.retry_after_s == AWAY.first_s


def test_a_refused_key_stops_everything(standings: Standings, clock: ManualClock) -> None:
    error = KeyRefused("Telnyx refused the API key (401)", field=KEY_FIELD)
    standings.refused(RECORDS, error, is_for_all=True)
    assert error.retry_after_s == 15
    for endpoint in (RECORDS, "balance"):
        with pytest.raises(TelnyxRefused, match="refused the API key") as told:
            standings.begin(endpoint, Priority.PERSON)
        assert told.value.field == KEY_FIELD
    standings.begin("balance", Priority.PERSON, is_trial=True)
    clock.advance(REFUSED.longest_s)
    standings.begin(RECORDS, Priority.BACKGROUND)
    standings.worked(RECORDS)
    standings.begin("balance", Priority.JOB)


def test_what_is_forbidden_stops_alone(standings: Standings) -> None:
    error = TelnyxRefused("Telnyx does not allow this to the API key (403)", field=KEY_FIELD)
    standings.refused("balance", error, is_for_all=False)
    with pytest.raises(TelnyxRefused):
        standings.begin("balance", Priority.JOB)
    standings.begin(RECORDS, Priority.JOB)
    assert raised_alarms() == []


def test_alarms_are_raised_and_end(standings: Standings, clock: ManualClock) -> None:
    unreachable(standings, AWAY.failures)
    assert raised_alarms() == [], "it may be back in a moment"
    clock.advance(301)
    unreachable(standings, 1)
    assert [alarm.name for alarm in raised_alarms()] == ["telnyx_away"]
    error = KeyRefused("Telnyx refused the API key (401)", field=KEY_FIELD)
    standings.refused(RECORDS, error, is_for_all=True)
    assert [alarm.name for alarm in raised_alarms()] == ["telnyx_key_refused"], "it has answered"
    standings.refused(RECORDS, error, is_for_all=False)
    assert [alarm.name for alarm in raised_alarms()] == ["telnyx_key_refused", "telnyx_records_forbidden"]
    standings.worked(RECORDS)
    assert raised_alarms() == []


def test_who_closes_is_troubled_no_longer(standings: Standings) -> None:
    standings.refused(RECORDS, KeyRefused("no", field=KEY_FIELD), is_for_all=True)
    standings.close()
    assert raised_alarms() == []
