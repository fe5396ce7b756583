"""Each check, from what was observed to what is found and advised."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.common.freshness.symptom import Symptom
from services.common.money import Money
from services.reconciler.doctor.check import Check, Silence
from services.reconciler.doctor.diagnosis import Observations, diagnose
from services.reconciler.doctor.observations import (
    Application,
    BalanceOutlook,
    BookHealth,
    Canary,
    Probe,
    Quota,
    UnreadableFacts,
)
from services.reconciler.doctor.reading_checks import choose_canary
from services.reconciler.sweep import Sweep
from tests.unit.reconciler.audit.days import FIRST, book_day
from tests.unit.reconciler.moments import NOON, window

HORIZON = timedelta(hours=24)
HOUR = timedelta(hours=1)
SWEEP = Sweep(record_type="amd", window=window(0, 60), read_at=NOON, total_results=3, verdict="complete")
UNPROVEN = replace(SWEEP, record_type="fax", total_results=0, verdict="unproven")

HEALTH = BookHealth(last_event_at=NOON - HOUR, event_count=12, latest_sweeps=(SWEEP,))
WELL = Observations(
    probe=Probe(key_works=True, message="", clock_skew=timedelta(seconds=1)),
    public_keys=("key",),
    applications=(Application("Switch", call_cost_in_webhooks=True, is_active=True),),
    outlook=BalanceOutlook(Money("USD", 31 * 10**9), NOON - HOUR / 2, timedelta(days=40)),
    quota=Quota(limit=40, remaining=30, reset_at=NOON, used_by_others=0),
    canary=Canary("amd", FIRST, held_count=3, total_results=3),
    health=HEALTH,
    days=(book_day(0, 5, 5),),
)


def _check(name: str, seen: Observations) -> Check:
    [check] = [check for check in diagnose(seen, NOON, HORIZON) if check.name == name]
    return check


def test_all_is_well() -> None:
    checks = diagnose(WELL, NOON, HORIZON)
    assert {check.name: (check.status, check.advice) for check in checks} == {
        check.name: ("ok", "") for check in checks
    }
    assert len({check.name for check in checks}) == len(checks) == 16


def test_parts_that_are_silent_leave_only_the_unknown() -> None:
    silence = Silence("a service of Tollbook did not answer: UNAVAILABLE")
    seen = Observations(
        probe=silence,
        public_keys=silence,
        applications=silence,
        outlook=silence,
        quota=silence,
        canary=silence,
        health=silence,
        days=silence,
        stopped=(Symptom("ledger_silent", NOON, "The ledger does not answer.", "See whether it runs."),),
    )
    first, *checks = diagnose(seen, NOON, HORIZON)
    assert (first.name, first.status) == ("Freshness", "failure")
    for check in checks:
        assert check.status == "unknown"
        assert check.finding == f"It could not be examined: {silence.reason}."


def test_one_silent_part_leaves_the_other_checks() -> None:
    checks = diagnose(replace(WELL, health=Silence("the ledger is away")), NOON, HORIZON)
    assert {check.name for check in checks if check.status == "ok"} == {
        "Freshness",
        "API key",
        "Clock",
        "Cost in webhooks",
        "Balance",
        "Quota",
        "Canary query",
        "Products",
    }


def _health(**changes: Any) -> Observations:
    return replace(WELL, health=replace(HEALTH, **changes))


def _skew(seconds: float) -> Observations:
    return replace(WELL, probe=Probe(True, "", timedelta(seconds=seconds)))


def _outlook(nanos: int, days_left: float | None, age: timedelta = HOUR / 2) -> Observations:
    left = None if days_left is None else timedelta(days=days_left)
    return replace(WELL, outlook=BalanceOutlook(Money("USD", nanos), NOON - age, left))


def _unread(record_type: str, reported: int) -> Observations:
    return replace(WELL, days=(book_day(0, 0, reported, record_type=record_type),))


@pytest.mark.parametrize(
    ("name", "seen", "status", "told"),
    [
        (
            "API key",
            replace(WELL, probe=Probe(False, "Telnyx does not know this key (401).", None)),
            "failure",
            "does not accept the API key: Telnyx does not know this key (401).",
        ),
        ("Clock", replace(WELL, probe=Probe(True, "", None)), "unknown", "did not tell its time"),
        ("Clock", _skew(4.9), "ok", "within 5 s"),
        ("Clock", _skew(5), "warning", "5 s ahead of ours"),
        ("Clock", _skew(-299), "warning", "299 s behind ours"),
        ("Clock", _skew(-300), "failure", "count as stale"),
        ("Public key", replace(WELL, public_keys=()), "failure", "names no public key"),
        ("Public key", _health(last_event_at=None), "warning", "Telnyx signs with 1 key, and no webhook"),
        ("Public key", _health(last_event_at=NOON - 25 * HOUR), "warning", "no webhook of the last day"),
        ("Cost in webhooks", replace(WELL, applications=()), "ok", "no active call-control application"),
        (
            "Cost in webhooks",
            replace(
                WELL,
                applications=(
                    Application("Agents", call_cost_in_webhooks=False, is_active=True),
                    Application("Old", call_cost_in_webhooks=False, is_active=False),
                    Application("Switch", call_cost_in_webhooks=True, is_active=True),
                ),
            ),
            "warning",
            "No cost of a call in the webhooks of Agents: 1 of 2 active applications.",
        ),
        ("Balance", replace(WELL, outlook=None), "unknown", "No balance was read"),
        ("Balance", _outlook(0, 3), "failure", "Nothing is left: 0 USD"),
        ("Balance", _outlook(-(10**9), None), "failure", "-1 USD are available"),
        ("Balance", _outlook(10**9, 1.9), "failure", "enough for 1.9 days"),
        ("Balance", _outlook(10**9, 6.9), "warning", "enough for 6.9 days"),
        ("Balance", _outlook(10**9, 7), "ok", "enough for 7.0 days"),
        ("Balance", _outlook(10**9, None), "ok", "1 USD are available."),
        ("Balance", _outlook(10**9, 40, 2 * HOUR), "warning", "last read at 2026-11-22T10:00:00Z"),
        (
            "Quota",
            replace(WELL, quota=Quota(40, 12, NOON, 7)),
            "warning",
            "12 of 40 requests are left until 12:00:00 UTC; 7 requests in this window were not Tollbook's.",
        ),
        ("Canary query", replace(WELL, canary=None), "unknown", "holds no closed day"),
        (
            "Canary query",
            replace(WELL, canary=Canary("amd", FIRST, 3, 0)),
            "failure",
            "no record of amd of 2026-11-20, where the book holds 3 records",
        ),
        ("Canary query", replace(WELL, canary=Canary("amd", FIRST, 3, 2)), "warning", "counts 2 records"),
        ("Record types", replace(WELL, refused=("fax",)), "ok", "refuses to list fax, which cost nothing"),
        (
            "Record types",
            replace(WELL, refused=("sip-trunking", "fax")),
            "failure",
            "refuses to list sip-trunking, and yet they cost something",
        ),
        ("Products", _unread("usage:number-lookup", 5), "failure", "a cost of number-lookup"),
        ("Products", _unread("usage:number-lookup", 0), "ok", "no cost of a product that is not read"),
        ("Webhooks", _health(last_event_at=None), "failure", "No webhook ever arrived, and yet there are"),
        ("Webhooks", _health(last_event_at=None, latest_sweeps=()), "warning", "No webhook ever arrived."),
        ("Webhooks", _health(last_event_at=NOON - 25 * HOUR), "warning", "came at 2026-11-21T11:00:00Z"),
        ("Stale webhooks", _health(quarantined_count=1), "warning", "1 webhook of the last 7 days"),
        (
            "Unreadable facts",
            _health(
                unreadable=(
                    UnreadableFacts("amd", "cost: not a number", 2, "a-1"),
                    UnreadableFacts("webhook", "occurred_at: missing", 5, "w-1"),
                )
            ),
            "warning",
            "7 facts could not be read in full; most often webhook: occurred_at: missing (for example w-1)",
        ),
        (
            "Times in the future",
            _health(future_count=2),
            "warning",
            "more than a day after they were received: 2.",
        ),
        (
            "Unproven windows",
            _health(unproven_sweeps=(UNPROVEN,), latest_sweeps=(UNPROVEN,)),
            "ok",
            "Empty readings of fax prove nothing, and nothing shows that the account uses them.",
        ),
        (
            "Unproven windows",
            replace(
                _health(unproven_sweeps=(UNPROVEN,), latest_sweeps=(UNPROVEN,)),
                days=(book_day(0, 0, 5, record_type="fax"),),
            ),
            "warning",
            "Readings of fax came back empty and prove nothing",
        ),
        (
            "Unproven windows",
            _health(unproven_sweeps=(replace(SWEEP, verdict="unproven"),)),
            "ok",
            "Every empty reading of the last 7 days is proven.",
        ),
        (
            "Unsettled calls",
            _health(unsettled_count=2, oldest_unsettled_at=NOON - 29 * HOUR),
            "ok",
            "2 wait for their cost, the oldest since 2026-11-21T07:00:00Z",
        ),
        (
            "Unsettled calls",
            _health(unsettled_count=2, oldest_unsettled_at=NOON - 30 * HOUR),
            "warning",
            "2 wait",
        ),
    ],
)
def test_what_is_found(name: str, seen: Observations, status: str, told: str) -> None:
    check = _check(name, seen)
    assert (check.status, told in check.finding) == (status, True), check.finding
    assert check.finding.endswith(".")
    if status == "failure" or (status == "warning" and name != "Canary query"):
        assert check.advice


def test_the_canary_is_a_closed_day_with_few_records_of_the_newest_week() -> None:
    days = [
        replace(book_day(-12, 1), record_count=1),
        replace(book_day(-1, 1), record_count=900),
        replace(book_day(-2, 1), record_count=4),
        replace(book_day(-2, 1, currency="EUR"), record_count=2),
        replace(book_day(-3, 1), record_count=2, source="report_without_ids"),
        replace(book_day(1, 1), record_count=1),
        replace(book_day(-1, 1, record_type="fax"), record_count=0),
    ]
    assert choose_canary(days, NOON.date()) == ("sip-trunking", FIRST - timedelta(days=2), 6)
    assert choose_canary([], NOON.date()) is None
    assert choose_canary([replace(book_day(-40, 1), record_count=1)], NOON.date()) is None
