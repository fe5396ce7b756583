"""How often, and for how long, a transaction is tried again."""

import itertools
import math
import time

import psycopg
import pytest
import sqlalchemy.exc

from services.common.database_failures import FailureKind
from services.common.database_retries import PATIENCE_S, longest_pause_s, repeated
from services.common.deadlines import current_deadline_s, on_its_own, within_call
from services.common.errors import Conflict, Unavailable


def dropped() -> sqlalchemy.exc.DBAPIError:
    cause = psycopg.OperationalError("server closed the connection")
    return sqlalchemy.exc.OperationalError("COMMIT", {}, cause, connection_invalidated=True)


@pytest.mark.parametrize("kind", ["lost_race", "dropped_connection"])
def test_pauses_grow_and_end(kind: FailureKind) -> None:
    pauses = [longest_pause_s(kind, count, 0.0, math.inf) for count in range(1, 40)]
    made = [pause for pause in pauses if pause is not None]
    assert made == sorted(made)
    assert made[0] < 0.05
    assert max(made) <= 0.5
    assert 5 < len(made) < 20
    assert pauses[len(made) :] == [None] * (39 - len(made))


@pytest.mark.parametrize("kind", ["full_disk", "timed_out", "other"])
def test_what_a_repetition_would_not_mend_is_not_repeated(kind: FailureKind) -> None:
    assert longest_pause_s(kind, 1, 0.0, math.inf) is None


def test_time_ends_attempts_as_well() -> None:
    assert longest_pause_s("dropped_connection", 1, PATIENCE_S, math.inf) is None
    assert longest_pause_s("dropped_connection", 1, 0.0, 0.001) is None


def test_the_result_of_the_first_attempt_that_succeeds() -> None:
    tries = iter([dropped(), Conflict("lost"), dropped(), None])
    made = itertools.count(1)

    def attempt() -> int:
        number, error = next(made), next(tries)
        if error is not None:
            raise error
        return number

    assert repeated(attempt, math.inf) == 4


def test_a_connection_that_never_comes_back_is_told_in_time() -> None:
    made: list[float] = []

    def attempt() -> None:
        made.append(time.monotonic())
        raise dropped()

    with pytest.raises(Unavailable, match="cannot be reached"):
        repeated(attempt, time.monotonic() + 0.3)
    assert 2 < len(made) <= 16
    assert made[-1] - made[0] < PATIENCE_S


def test_a_conflict_goes_on_as_it_is() -> None:
    mine = Conflict("another writer has just joined what this one touches")

    def attempt() -> None:
        raise mine

    with pytest.raises(Conflict) as raised:
        repeated(attempt, time.monotonic() + 0.1)
    assert raised.value is mine


def test_a_call_leaves_time_for_the_answer_and_what_outlives_it_has_no_deadline() -> None:
    assert current_deadline_s() == math.inf
    with within_call(10.0):
        assert 9.0 < current_deadline_s() - time.monotonic() <= 9.5
        with on_its_own():
            assert current_deadline_s() == math.inf
        with within_call(1.0):
            assert current_deadline_s() - time.monotonic() <= 0.9
        with within_call(None):
            assert current_deadline_s() == math.inf
    assert current_deadline_s() == math.inf
