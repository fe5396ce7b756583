"""What causes a difference, the explanation first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.common.money import Money
from services.reconciler.audit.book_days import DayRecord
from services.reconciler.audit.causes import MAX_CAUSES, explain
from services.reconciler.audit.line import AuditLine
from services.reconciler.audit.suspicions import Case
from tests.unit.reconciler.audit.days import FIRST, LATER, day_record

MILLI = 1_000_000
REREAD = LATER - timedelta(hours=1)
GONE = REREAD - timedelta(hours=1)


def _case(records: list[DayRecord], reported: int | None, *, reread: bool = False) -> Case:
    line = AuditLine(
        day=FIRST,
        record_type="amd",
        product="amd",
        verdict="different",
        book=Money("USD", sum(record.cost.nanos for record in records if record.cost)),
        reported=None if reported is None else Money("USD", reported),
        decimals=4,
        reported_at=LATER,
        is_complete=True,
    )
    return Case(line, REREAD if reread else None)


def _explained(records: list[DayRecord], reported: int | None, *, reread: bool = False) -> AuditLine:
    return explain(_case(records, reported, reread=reread), records)


def test_a_record_that_is_gone_is_all_of_it() -> None:
    records = [day_record("kept", 5 * MILLI), day_record("gone", 2 * MILLI, last_seen=GONE)]
    line = _explained(records, 5 * MILLI, reread=True)
    [cause] = line.causes
    assert (cause.record_id, cause.charge_id, cause.kind) == ("gone", "call-of-gone", "call")
    assert cause.amount == Money("USD", 2 * MILLI)
    assert "no longer showed it" in cause.message
    assert line.reason == (
        "the book has 0.002 USD more than usage_reports; "
        "1 record that a later full reading no longer showed would be all of it"
    )


def test_without_a_full_reading_nothing_is_gone() -> None:
    line = _explained([day_record("old", 2 * MILLI, last_seen=GONE), day_record("b", 5 * MILLI)], 4 * MILLI)
    assert line.causes == ()
    assert line.reason.endswith("no record of the day stands out")


def test_a_day_that_was_never_read_in_full_may_lack_records() -> None:
    records = [day_record("a", 2 * MILLI)]
    line = replace(_case(records, 9 * MILLI).line, is_complete=False)
    line = explain(Case(line), records)
    assert line.reason.endswith(
        "no reading of the whole day has shown yet that the book has all of its records"
    )


@pytest.mark.parametrize(
    ("record", "reported", "told"),
    [
        (day_record("x", None), 5 * MILLI, "cannot be read"),
        (day_record("x", 0, unbilled=3 * MILLI), 3 * MILLI, "not billable"),
        (day_record("x", 4 * MILLI, first_seen=LATER + timedelta(minutes=1)), 0, "after the report was read"),
        (day_record("x", -4 * MILLI), 0, "a credit"),
        (day_record("x", 4 * MILLI, content_count=2), 2 * MILLI, "was corrected (2 contents"),
        (day_record("x", 4 * MILLI, at_s=30), 0, "near midnight (2026-11-20T00:00:30Z)"),
        (day_record("x", 4 * MILLI, at_s=86_399), 0, "near midnight"),
    ],
)
def test_each_suspicion_is_named(record: DayRecord, reported: int, told: str) -> None:
    line = _explained([record, day_record("plain", MILLI)], reported + MILLI)
    [cause] = line.causes
    assert cause.record_id == "x"
    assert told in cause.message


def test_what_explains_it_comes_before_what_is_more_telling() -> None:
    records = [
        day_record("unreadable", None),
        *(day_record(f"unbilled-{number}", 0, unbilled=3 * MILLI) for number in range(2)),
    ]
    line = _explained(records, 6 * MILLI)
    assert [cause.record_id for cause in line.causes] == ["unbilled-0", "unbilled-1", "unreadable"]
    assert "2 records with a cost that are not billable would be all of it" in line.reason


def test_a_single_record_of_a_group_can_be_all_of_it() -> None:
    records = [day_record("a", 3 * MILLI, last_seen=GONE), day_record("b", 2 * MILLI, last_seen=GONE)]
    line = _explained(records, 3 * MILLI, reread=True)
    assert [cause.record_id for cause in line.causes] == ["b", "a"]
    assert "record b alone would be all of it" in line.reason


def test_a_plain_record_of_exactly_that_cost_is_named() -> None:
    line = _explained([day_record("a", 7 * MILLI), day_record("b", 2 * MILLI)], 7 * MILLI)
    [cause] = line.causes
    assert (cause.record_id, cause.message) == ("b", "it costs exactly the difference")
    assert "1 record of exactly that cost could be it" in line.reason


def test_too_many_of_that_cost_say_nothing() -> None:
    line = _explained([day_record(str(number), 2 * MILLI) for number in range(20)], 38 * MILLI)
    assert line.causes == ()


def test_without_a_row_of_the_report_all_that_is_gone_explains_it() -> None:
    line = _explained([day_record("gone", 2 * MILLI, last_seen=GONE)], None, reread=True)
    assert line.reason.startswith(
        "the book has 0.002 USD, and usage_reports have no readable row for this day; 1 record"
    )
    assert line.reason.endswith("would be all of it")


def test_a_day_that_was_read_again_and_is_the_same() -> None:
    line = _explained([day_record("a", 2 * MILLI)], 9 * MILLI, reread=True)
    assert "the report counts something else" in line.reason


def test_records_that_telnyx_refuses_to_list() -> None:
    records = [day_record("a", 2 * MILLI)]
    line = explain(replace(_case(records, 9 * MILLI), is_refused=True), records)
    assert line.reason.endswith("; Telnyx refuses to list such records")


def test_a_bound_on_what_is_told() -> None:
    records = [day_record(str(number), MILLI, content_count=2) for number in range(MAX_CAUSES + 1)]
    assert len(_explained(records, 0).causes) == MAX_CAUSES
