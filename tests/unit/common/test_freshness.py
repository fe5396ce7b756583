"""The rule of what has stopped: each symptom when it is due, and not before."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.common.freshness.observed import (
    BookFreshness,
    Observed,
    Progress,
    ReconcilerProgress,
    ToldAlarm,
    WorkProgress,
)
from services.common.freshness.part_symptoms import in_words
from services.common.freshness.rule import symptoms
from services.common.freshness.symptom import NAMES, USUAL

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ALL_WELL = Observed(
    watched_since=NOW - timedelta(hours=3),
    silent_for={},
    book=BookFreshness(
        last_webhook_at=NOW - timedelta(hours=2),
        silent_since=NOW - timedelta(hours=2),
        last_sweep_at=NOW - timedelta(minutes=14),
        last_balance_at=NOW - timedelta(minutes=5),
        unsealed_since=NOW - timedelta(seconds=2),
        unbooked_age=timedelta(seconds=3),
    ),
    progress=Progress(
        reconcilers=(
            ReconcilerProgress(
                name="a",
                works=(
                    WorkProgress(name="sweeping", standstill_age=timedelta(minutes=5)),
                    WorkProgress(name="auditing", failing_age=timedelta(minutes=5), reason="x"),
                ),
                unread_age=timedelta(minutes=5),
            ),
        ),
        overdue_age=timedelta(minutes=21),
        due_count=12,
    ),
)
LIMIT = timedelta(minutes=15)
"""Within this everything has to be visible (issue 6)."""

LOOKS_EVERY = timedelta(minutes=1)


def _names(seen: Observed, now: datetime = NOW) -> list[str]:
    return [symptom.name for symptom in symptoms(seen, now)]


def _with_book(**changes: Any) -> Observed:
    assert ALL_WELL.book is not None
    return replace(ALL_WELL, book=replace(ALL_WELL.book, **changes))


def _with_reconciler(**changes: Any) -> Observed:
    assert ALL_WELL.progress is not None
    [one] = ALL_WELL.progress.reconcilers
    return replace(
        ALL_WELL, progress=replace(ALL_WELL.progress, reconcilers=(one, replace(one, name="b", **changes)))
    )


def _with_work(**changes: Any) -> Observed:
    return _with_reconciler(works=(WorkProgress(name="finding work", **changes),))


def test_nothing_is_said_while_all_is_well() -> None:
    assert symptoms(ALL_WELL, NOW) == []


def test_every_patience_ends_within_the_limit() -> None:
    waits = [
        USUAL.silent,
        USUAL.stuck,
        USUAL.failing,
        # Every question fails within five minutes of the first that is due: the balance.
        USUAL.unread + timedelta(minutes=5),
        USUAL.balance,
        USUAL.unsealed,
        USUAL.unbooked,
    ]
    assert max(waits) + LOOKS_EVERY <= LIMIT


@pytest.mark.parametrize(
    ("seen", "name", "said"),
    [
        (
            replace(ALL_WELL, silent_for={"reconciler": timedelta(minutes=2)}),
            "reconciler_silent",
            "taken all",
        ),
        (replace(ALL_WELL, silent_for={"ledger": timedelta(minutes=2)}), "ledger_silent", "are refused"),
        (
            replace(ALL_WELL, silent_for={"telnyx-gateway": timedelta(minutes=2)}),
            "telnyx_gateway_silent",
            "nothing can be read at Telnyx",
        ),
        (
            _with_work(standstill_age=timedelta(minutes=10)),
            "reconciler_stuck",
            "stuck at finding work: 10 minutes without a step",
        ),
        (
            _with_work(failing_age=timedelta(minutes=8), reason="the disk is full"),
            "reconciler_failing",
            "failing at finding work for 8 minutes: the disk is full.",
        ),
        (
            _with_reconciler(unread_age=timedelta(minutes=8), unread_reason="Telnyx's quota is used up."),
            "records_unread",
            "No detail record could be read at Telnyx for 8 minutes: Telnyx's quota is used up.",
        ),
        (_with_reconciler(refused_record_types=("sip-trunking",)), "records_refused", "sip-trunking records"),
        (_with_book(last_balance_at=NOW - timedelta(minutes=12)), "nothing_read", "for 12 minutes"),
        (
            _with_book(unannounced_count=2),
            "webhooks_silent",
            "No webhook has come for 2 hours, and yet Telnyx has records of 2 calls and messages since.",
        ),
        (_with_book(unsealed_since=NOW - timedelta(minutes=5)), "sealing_stuck", "for 5 minutes"),
        (_with_book(unbooked_age=timedelta(minutes=5)), "booking_stuck", "for 5 minutes"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_has_stopped_is_said(seen: Observed, name: str, said: str) -> None:
    [symptom] = symptoms(seen, NOW)
    assert symptom.name == name
    assert name in NAMES
    assert said in symptom.finding
    assert symptom.finding.endswith(".")
    assert symptom.advice.endswith(".")
    assert symptom.since <= NOW


def test_a_restart_is_no_silence() -> None:
    assert _names(replace(ALL_WELL, silent_for={"reconciler": timedelta(seconds=90)})) == []


def test_jobs_that_wait_longer_than_any_plan_lets_them_are_starved() -> None:
    assert ALL_WELL.progress is not None
    seen = replace(ALL_WELL, progress=replace(ALL_WELL.progress, overdue_age=timedelta(minutes=35)))
    [symptom] = symptoms(seen, NOW)
    assert symptom.name == "reconciler_starved"
    assert "12 are due, the first for 35 minutes" in symptom.finding


def test_the_longest_standstill_is_named_and_the_others_are_counted() -> None:
    works = tuple(
        WorkProgress(name=name, standstill_age=timedelta(minutes=age))
        for name, age in (("sweeping", 11), ("serving jobs", 20))
    )
    [symptom] = symptoms(_with_reconciler(works=works), NOW)
    assert "stuck at serving jobs: 20 minutes without a step, and at 1 more." in symptom.finding


def test_what_follows_from_a_cause_is_left_out() -> None:
    failing = _with_work(failing_age=timedelta(hours=1), reason="Telnyx refused the key")
    alarm = ToldAlarm("key_refused", timedelta(hours=1), "Telnyx refuses the API key.", "Set another.")
    assert _names(replace(failing, alarms=(alarm,))) == ["key_refused"]
    assert _names(replace(failing, silent_for={"ledger": timedelta(minutes=3)})) == ["ledger_silent"]


def test_what_has_stopped_by_itself_is_said_beside_a_cause() -> None:
    stuck = _with_work(standstill_age=timedelta(hours=1))
    alarm = ToldAlarm("disk_full", timedelta(minutes=1), "The disk is full.", "Make room.")
    assert _names(replace(stuck, alarms=(alarm,))) == ["disk_full", "reconciler_stuck"]


def test_an_alarm_of_several_processes_is_said_once_from_its_beginning() -> None:
    early, late = (ToldAlarm("disk_full", timedelta(minutes=age), "Full.", "Make room.") for age in (9, 1))
    [symptom] = symptoms(replace(ALL_WELL, alarms=(late, early)), NOW)
    assert (symptom.since, symptom.finding, symptom.advice) == (
        NOW - timedelta(minutes=9),
        "Full.",
        "Make room.",
    )


def test_the_traces_of_a_stop_that_is_over_are_no_symptom() -> None:
    """After a night in which nothing ran, the book is old; who has just begun to look waits for what comes."""
    seen = replace(
        _with_book(last_balance_at=NOW - timedelta(hours=9), unsealed_since=NOW - timedelta(hours=9)),
        watched_since=NOW - timedelta(minutes=1),
    )
    assert _names(seen) == []
    assert _names(seen, NOW + timedelta(minutes=12)) == ["sealing_stuck", "nothing_read"]


def test_an_account_whose_balance_cannot_be_read_is_not_unread() -> None:
    assert _names(_with_book(last_balance_at=None)) == []


def test_silence_without_calls_is_no_symptom() -> None:
    assert _names(_with_book(silent_since=NOW - timedelta(days=3))) == []


def test_nothing_is_made_up_about_parts_that_said_nothing() -> None:
    silent = replace(ALL_WELL, silent_for={"reconciler": timedelta(hours=1)}, book=None, progress=None)
    assert _names(silent) == ["reconciler_silent"]


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=59), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=47, minutes=59), "47 hours"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_lengths_of_time_in_words(age: timedelta, words: str) -> None:
    assert in_words(age) == words
