"""A job's transitions."""

from dataclasses import replace

import pytest

from services.common.errors import (
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from services.reconciler.attempt import Attempt
from services.reconciler.items import OpenItem
from services.reconciler.job import (
    SETTLED_BY_OTHERS,
    Job,
    JobStatus,
    completed,
    new_job,
    postponed,
    seen_again,
    tried,
    unsettled_reason,
)
from services.reconciler.schedule import Schedule
from tests.unit.reconciler.moments import NOON, after, item

SCHEDULE = Schedule((5, 30, 60))
BASE = ("sip-trunking", "call-control")


def _job(about: OpenItem) -> Job:
    return new_job(about, SCHEDULE, known_at=NOON, now=after(1))


def test_a_new_item_waits_for_its_first_attempt() -> None:
    job = _job(item("leg", *BASE))
    assert (job.status, job.attempts, job.next_run_at) == ("pending", 0, after(5))


def test_an_item_that_only_awaits_closing_has_nothing_to_attempt() -> None:
    job = _job(item("leg", settled=True, unclosed=("recording",)))
    assert (job.status, job.next_run_at, job.completed_at) == ("completed", None, after(1))


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_settling_completes_a_job_whatever_it_waited_for(status: JobStatus) -> None:
    job = replace(_job(item("leg", *BASE)), status=status)
    done = seen_again(job, item("leg", settled=True), SCHEDULE, after(9), after(10))
    assert (done.status, done.completed_at, done.missing, done.last_error) == ("completed", after(10), (), "")


def test_a_running_job_is_left_to_whoever_runs_it() -> None:
    job = replace(_job(item("leg", *BASE)), status="running")
    assert seen_again(job, item("leg", settled=True), SCHEDULE, after(9), after(10)) is job


def test_what_the_ledger_said_earlier_changes_nothing() -> None:
    done = completed(_job(item("leg", *BASE)), known_at=after(20), now=after(21))
    assert seen_again(done, item("leg", *BASE), SCHEDULE, after(19), after(22)) is done
    assert seen_again(done, item("leg", *BASE), SCHEDULE, after(21), after(22)).status == "pending"


def test_a_failed_job_stays_so_while_the_same_or_less_is_missing() -> None:
    failed = replace(_job(item("leg", *BASE)), status="failed")
    assert seen_again(failed, item("leg", *BASE), SCHEDULE, after(9), after(10)) is failed
    assert seen_again(failed, item("leg", "call-control"), SCHEDULE, after(9), after(10)) is failed


def test_a_reopened_job_counts_from_the_change() -> None:
    failed = replace(_job(item("leg", *BASE)), status="failed", attempts=3, last_error="why")
    changed = replace(item("leg", "recording"), changed_at=after(500))
    again = seen_again(failed, changed, SCHEDULE, after(501), after(502))
    assert (again.status, again.attempts, again.next_run_at, again.last_error) == (
        "pending",
        0,
        after(505),
        "",
    )


def test_the_last_attempt_fails_the_job_with_its_reason() -> None:
    job = replace(_job(item("leg", *BASE)), attempts=2)
    judged = tried(job, item("leg", *BASE), {}, SCHEDULE, after(90), after(90))
    assert (judged.status, judged.attempts, judged.next_run_at) == ("failed", 3, None)
    assert judged.last_error == "Telnyx has not published yet: sip-trunking, call-control"


def test_spent_quota_postpones_only_where_nothing_else_was_answered() -> None:
    job = _job(item("leg", *BASE))
    spent = QuotaExhausted("used up", retry_after_s=30)
    both = tried(job, item("leg", *BASE), dict.fromkeys(BASE, spent), SCHEDULE, after(5), after(5))
    assert (both.attempts, both.next_run_at) == (0, after(35))
    one = tried(job, item("leg", *BASE), {"call-control": spent}, SCHEDULE, after(5), after(5))
    assert (one.attempts, one.next_run_at) == (1, after(30))


def test_a_short_renewal_is_waited_for_a_little_longer() -> None:
    job = _job(item("leg", "amd"))
    soon = {"amd": QuotaExhausted("used up", retry_after_s=0.2)}
    assert tried(job, item("leg", "amd"), soon, SCHEDULE, after(5), after(5)).next_run_at == after(10)


AWAY = TelnyxUnreachable("Telnyx did not answer in time", retry_after_s=20)


@pytest.mark.parametrize(
    "fault",
    [
        AWAY,
        Unavailable("telnyx-gateway did not answer"),
        TelnyxRefused("Telnyx refused the API key (401)", field="TELNYX_API_KEY", retry_after_s=20),
    ],
)
def test_what_could_not_be_asked_is_no_attempt(fault: TollbookError) -> None:
    """However long it lasts, no job is given up for it."""
    job, about, now_s = _job(item("leg", *BASE)), item("leg", *BASE), 5.0
    looks = 0
    while now_s < 6 * 3_600:
        job = tried(job, about, dict.fromkeys(BASE, fault), SCHEDULE, after(now_s), after(now_s))
        assert (job.status, job.attempts) == ("pending", 0)
        assert job.next_run_at is not None
        wait_s = (job.next_run_at - after(now_s)).total_seconds()
        assert max(5.0, fault.retry_after_s) <= wait_s <= 1_020
        now_s += wait_s
        looks += 1
    assert looks < 100, "the longer it lasts, the less often it is looked"


@pytest.mark.parametrize(
    "fault",
    [
        TelnyxUnreachable("records kept changing while they were read"),
        TelnyxRefused("Telnyx refused the form of the request (400)", field="request"),
    ],
)
def test_what_telnyx_answered_is_an_attempt_whatever_it_was(fault: TollbookError) -> None:
    judged = tried(_job(item("leg", "amd")), item("leg", "amd"), {"amd": fault}, SCHEDULE, after(5), after(5))
    assert judged.attempts == 1


def test_those_who_wait_long_look_together() -> None:
    jobs = [_job(replace(item("leg", "amd"), opened_at=after(start_s))) for start_s in (0, 7, 31)]
    looks = {tried(job, item("leg", "amd"), {"amd": AWAY}, SCHEDULE, NOON, after(3_000)) for job in jobs}
    assert {job.next_run_at for job in looks} == {after(3_300)}


def test_of_an_outage_the_history_tells_once() -> None:
    first = tried(_job(item("leg", "amd")), item("leg", "amd"), {"amd": AWAY}, SCHEDULE, after(5), after(6))
    assert first.outcome == Attempt(
        finished_at=after(6),
        is_settled=False,
        reason="amd could not be read: Telnyx did not answer in time",
    )
    assert first.last_error == f"no attempt could be made: {first.outcome.reason}"
    again = tried(first, item("leg", "amd"), {"amd": AWAY}, SCHEDULE, after(30), after(30))
    assert again.outcome is None


def test_a_postponed_job_keeps_its_attempts() -> None:
    job = postponed(
        replace(_job(item("leg", *BASE)), attempts=2, status="running"), "the ledger is away", after(7)
    )
    assert (job.status, job.attempts, job.next_run_at, job.last_error) == (
        "pending",
        2,
        after(12),
        "the ledger is away",
    )


def test_reasons_are_sentences_of_bounded_length() -> None:
    faults = {"amd": TelnyxUnreachable("no answer")}
    about = item("leg", "amd", "recording", unreadable=("record r: cost is no amount",))
    assert unsettled_reason(about, faults) == (
        "amd could not be read: no answer; Telnyx has not published yet: recording; record r: cost is no amount"
    )
    assert unsettled_reason(item("leg"), {}) == "the ledger has not settled it yet"
    wordy = item("leg", unreadable=("x" * 5_000,))
    assert len(tried(_job(wordy), wordy, {}, SCHEDULE, after(5), after(5)).last_error) == 1_000


def test_an_attempt_is_told_with_its_reason() -> None:
    judged = tried(_job(item("leg", *BASE)), item("leg", *BASE), {}, SCHEDULE, after(5), after(6))
    assert judged.outcome == Attempt(finished_at=after(6), is_settled=False, reason=judged.last_error)


def test_an_attempt_without_quota_does_not_count_but_is_told() -> None:
    spent = {"amd": QuotaExhausted("used up", retry_after_s=30)}
    judged = tried(_job(item("leg", "amd")), item("leg", "amd"), spent, SCHEDULE, after(5), after(6))
    assert judged.attempts == 0
    assert judged.outcome == Attempt(
        finished_at=after(6), is_settled=False, reason="amd could not be read: used up"
    )


def test_what_settled_a_job_is_told() -> None:
    job = _job(item("leg", *BASE))
    by_attempt = completed(job, after(9), after(10), by_attempt=True)
    assert (by_attempt.attempts, by_attempt.outcome) == (1, Attempt(finished_at=after(10), is_settled=True))
    otherwise = completed(job, after(9), after(10))
    assert otherwise.attempts == 0
    assert otherwise.outcome == Attempt(finished_at=after(10), is_settled=True, reason=SETTLED_BY_OTHERS)
    assert seen_again(job, item("leg", settled=True), SCHEDULE, after(9), after(10)) == otherwise


def test_nothing_is_told_of_a_job_that_never_waited_or_could_not_begin() -> None:
    assert _job(item("leg", settled=True)).outcome is None
    assert postponed(_job(item("leg", *BASE)), "the ledger is away", after(7)).outcome is None


def test_no_reason_tells_a_phone_number() -> None:
    about = item("leg", unreadable=("record r: cost: no amount: '+12025550131'",))
    assert unsettled_reason(about, {}) == "record r: cost: no amount: '+1202***0131'"
    assert postponed(_job(about), "no route to +12025550131", after(7)).last_error == (
        "no route to +1202***0131"
    )
