"""Backfills from their beginning to their end, in memory."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.common.errors import Conflict, TelnyxRefused, TelnyxUnreachable
from services.reconciler.backfill.days import Days
from services.reconciler.backfill.progress import Progress
from services.reconciler.leases import LeaseStore
from services.reconciler.reads import Read
from services.reconciler.sweep import Sweep
from services.reconciler.sweep_histories import SWEPT_TYPES
from services.reconciler.windows import Window
from tests.unit.reconciler.backfill.worlds import Past, make_past, record
from tests.unit.reconciler.conftest import migrated

YESTERDAY = date(2026, 11, 21)
TODAY = date(2026, 11, 22)
SEPTEMBER = Days(date(2026, 9, 1), date(2026, 10, 1))
KEPT = date(2026, 10, 23)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    with migrated(f"sqlite:///{tmp_path / 'reconciler.db'}") as database:
        yield make_past(database)


async def test_days_that_the_api_keeps_are_read_by_windows_and_swept(past: Past) -> None:
    past.telnyx.publish(
        *(record("sip-trunking", YESTERDAY - timedelta(days=back), f"sip-{back}") for back in range(10)),
        record("messaging", YESTERDAY, "message"),
    )
    last = await past.run(date(2026, 11, 1), TODAY)
    assert past.booked() == {*(f"sip-{back}" for back in range(10)), "message"}
    assert last.total_units == last.done_units == 21 * len(SWEPT_TYPES)
    assert (last.skipped_units, last.troubles) == (0, ())
    assert last.record_count == 11
    assert last.request_count == past.telnyx.request_count
    assert past.swept == past.ledger.sweeps
    assert {sweep.verdict for sweep in past.swept} == {"complete"}
    # Quiet types take a page for many days at once, or a month would cost thousands of requests.
    assert len(past.telnyx.asked) < 3 * len(SWEPT_TYPES)


async def test_the_newest_days_come_first(past: Past) -> None:
    past.telnyx.publish(
        *(record("messaging", YESTERDAY - timedelta(days=n // 60), f"m-{n}") for n in range(180))
    )
    await past.run(date(2026, 11, 19), TODAY)
    ends = [sweep.window.end_at for sweep in past.swept if sweep.record_type == "messaging"]
    assert len(ends) == 3
    assert ends == sorted(ends, reverse=True)


async def test_asked_again_nothing_is_read_again(past: Past) -> None:
    past.telnyx.publish(record("sip-trunking", YESTERDAY, "sip"))
    await past.run(date(2026, 11, 1), TODAY)
    asked = len(past.telnyx.asked)
    again = await past.run(date(2026, 11, 1), TODAY)
    assert len(past.telnyx.asked) == asked
    assert again.skipped_units == again.done_units == again.total_units


async def test_what_others_sweep_meanwhile_is_not_read_here(past: Past) -> None:
    window = Days(date(2026, 11, 1), TODAY).window
    for name in SWEPT_TYPES:
        if name != "amd":
            sweep = Sweep(record_type=name, window=window, read_at=past.clock.now(), total_results=0)
            past.ledger.sweeps.append(replace(sweep, verdict="complete"))
    last = await past.run(date(2026, 11, 1), TODAY)
    assert {read.record_type for read in past.telnyx.asked} == {"amd"}
    assert last.done_units - last.skipped_units == 21


async def test_a_type_that_fails_again_and_again_is_told_and_the_others_go_on(past: Past) -> None:
    past.telnyx.faults["amd"] = TelnyxUnreachable("no answer", retry_after_s=300.0)
    past.telnyx.faults["fax"] = TelnyxRefused("not for this account", field="request")
    past.telnyx.publish(record("messaging", YESTERDAY, "message"))
    last = await past.run(YESTERDAY, TODAY)
    assert past.booked() == {"message"}
    assert sorted(last.troubles) == ["amd, 1 days: no answer", "fax, 1 days: not for this account"]
    assert (last.done_units, last.skipped_units) == (last.total_units, 2)
    assert past.telnyx.asked_types().count("fax") == 1
    assert past.waits == [300.0] * 5


async def test_a_month_is_one_report_per_type_and_each_day_becomes_part_of_a_sweep(past: Past) -> None:
    days = [day for day in SEPTEMBER if day.day % 3]
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in days]
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert past.booked() == {f"sip-{day}" for day in days}
    assert [of for of, _ in past.reports.ordered].count("sip-trunking") == 1
    assert {window for _, window in past.reports.ordered} == {SEPTEMBER.window}
    assert past.reports.read_count == 5
    assert past.telnyx.asked == []
    calls = [sweep for sweep in past.ledger.sweeps if sweep.record_type == "sip-trunking"]
    assert [(sweep.window, sweep.total_results, sweep.verdict) for sweep in calls] == [
        (SEPTEMBER.window, len(days), "complete")
    ]
    assert calls[0].query_form.startswith("report sip-trunking (ids)")
    assert set(past.ledger.claims.values()) == {"report"}
    assert last.done_units == last.total_units == 5 * 30
    assert last.skipped_units == 0


async def test_a_report_is_not_ordered_again_for_days_that_it_has_filled(past: Past) -> None:
    past.reports.rows = [record("messaging", day, f"m-{day}") for day in SEPTEMBER]
    await past.run(SEPTEMBER.first, SEPTEMBER.after)
    ordered = len(past.reports.ordered)
    again = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert len(past.reports.ordered) == ordered
    assert again.skipped_units == again.total_units == 5 * 30


async def test_a_backfill_that_broke_off_is_taken_up_and_books_nothing_twice(past: Past) -> None:
    rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    past.reports.rows = rows
    past.reports.breaks = 1_000
    broken = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert any("ended before its last row" in trouble for trouble in broken.troubles)
    assert 0 < len(past.booked()) < len(rows)
    past.reports.breaks = 0
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert past.booked() == {row.record_id for row in rows}
    assert last.troubles == broken.troubles[:1]
    assert sum(sweep.total_results for sweep in past.ledger.sweeps) == len(rows)


async def test_one_break_is_forgiven(past: Past) -> None:
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    past.reports.breaks = 1
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert len(past.booked()) == 30
    assert not any("ended" in trouble for trouble in last.troubles)


async def test_a_failed_report_is_ordered_anew_once(past: Past) -> None:
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    past.reports.outcomes = ["expired", "failed", "failed", "failed", "failed", "complete"]
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert len(past.reports.ordered) <= 2 * 5
    assert any("twice" in trouble for trouble in last.troubles)
    assert last.done_units == last.total_units


async def test_days_that_the_api_has_booked_stay_its_own(past: Past) -> None:
    await past.ledger.record_records([record("sip-trunking", date(2026, 9, 10), "by-the-api")])
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert "sip-2026-09-10" not in past.booked()
    assert len(past.booked()) == 30
    assert any(trouble.startswith("sip-trunking, 2026-09-10: booked from") for trouble in last.troubles)
    windows = [sweep.window for sweep in past.ledger.sweeps if sweep.record_type == "sip-trunking"]
    assert windows == [
        Days(date(2026, 9, 11), date(2026, 10, 1)).window,
        Days(date(2026, 9, 1), date(2026, 9, 10)).window,
    ]


async def test_a_claim_that_came_first_stands_also_when_it_came_after_the_plan(past: Past) -> None:
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    past.ledger.claims["sip-trunking", date(2026, 9, 20)] = "report_without_ids"
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert "sip-2026-09-20" not in past.booked()
    assert "sip-trunking, 2026-09-20: another source has booked these days" in last.troubles


async def test_rows_without_ids_fill_only_days_of_which_nothing_is_known(past: Past) -> None:
    past.reports.has_ids = False
    past.reports.rows = [record("messaging", day, f"row:{day}:0") for day in SEPTEMBER]
    past.days.charges["sms", date(2026, 9, 7)] = 3
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert len(past.booked()) == 29
    assert "row:2026-09-07:0" not in past.booked()
    assert past.ledger.claims["messaging", date(2026, 9, 6)] == "report_without_ids"
    assert ("messaging", date(2026, 9, 7)) not in past.ledger.claims
    assert any(
        trouble.startswith("messaging, 2026-09-07: the report's rows carry no") for trouble in last.troubles
    )


async def test_rows_without_ids_fill_no_day_that_the_api_still_keeps(past: Past) -> None:
    past.reports.has_ids = False
    past.reports.rows = [
        record("messaging", KEPT, "row:a:0"),
        record("messaging", KEPT - timedelta(days=1), "row:b:0"),
    ]
    await past.run(KEPT - timedelta(days=1), date(2026, 10, 25), "reports")
    assert past.booked() == {"row:b:0"}


async def test_what_the_api_tells_of_a_day_without_ids_is_not_booked_a_second_time(past: Past) -> None:
    day = date(2026, 9, 7)
    past.reports.has_ids = False
    past.reports.rows = [record("messaging", day, "row:a:0"), record("messaging", day, "row:b:0")]
    await past.run(SEPTEMBER.first, SEPTEMBER.after)
    past.telnyx.publish(record("messaging", day, "id-a"), record("messaging", day, "id-b"))
    reader = past.backfill.reader_of(past.telnyx)
    await reader.read(
        Read(record_type="messaging", priority="person", window=Days(day, day + timedelta(1)).window)
    )
    assert past.booked() == {"row:a:0", "row:b:0"}
    # The sweep holds all the same: as many records as the window has.
    sweep = await reader.sweep("messaging", Days(day, day + timedelta(days=1)).window)
    assert sweep.verdict == "complete"


async def test_a_live_reading_claims_old_days_for_itself_but_not_young_ones(past: Past) -> None:
    old, young = date(2026, 9, 7), date(2026, 11, 7)
    past.telnyx.publish(record("messaging", old, "old"), record("messaging", young, "young"))
    window = Window(datetime(2026, 9, 1, tzinfo=UTC), past.clock.now())
    await past.backfill.reader_of(past.telnyx).sweep("messaging", window)
    assert past.ledger.claims == {("messaging", old): "detail_records"}
    assert past.booked() == {"old", "young"}


async def test_old_days_by_windows_are_booked_and_prove_nothing(past: Past) -> None:
    past.telnyx.publish(record("amd", date(2026, 9, 7), "amd"))
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after, "windows")
    assert past.booked() == {"amd"}
    assert past.ledger.sweeps == []
    assert last.done_units == last.total_units == 30 * len(SWEPT_TYPES)


async def test_a_report_without_the_columns_books_and_claims_nothing(past: Past) -> None:
    past.reports.rows = [record("messaging", day, f"m-{day}") for day in SEPTEMBER]
    past.reports.missing_columns = ("uuid", "cost")
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert (past.booked(), past.ledger.claims, past.ledger.sweeps) == (set(), {}, [])
    assert any("lacks the columns uuid, cost" in trouble for trouble in last.troubles)
    assert last.skipped_units == last.done_units == last.total_units


async def test_rows_that_cannot_be_read_are_kept_and_told(past: Past) -> None:
    broken = replace(
        record("messaging", date(2026, 9, 7), "row:x:0"),
        record_time=None,
        cost=None,
        unreadable=("row: broken",),
    )
    past.reports.rows = [record("messaging", day, f"m-{day}") for day in SEPTEMBER]
    past.reports.broken = (broken,)
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert "row:x:0" in past.booked()
    assert any("1 rows of the report cannot be read" in trouble for trouble in last.troubles)
    messages = [sweep for sweep in past.ledger.sweeps if sweep.record_type == "messaging"]
    assert [(sweep.total_results, sweep.verdict) for sweep in messages] == [(30, "complete")]


async def test_a_book_that_holds_more_than_the_report_is_told(past: Past) -> None:
    past.reports.rows = [record("messaging", day, f"m-{day}") for day in SEPTEMBER]
    past.ledger.claims |= {("messaging", day): "report" for day in SEPTEMBER}
    await past.ledger.record_records([record("messaging", date(2026, 9, 7), "of-an-earlier-report")])
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert (
        "messaging, 2026-09-01 to 2026-09-30: the book holds 31 records, the report has 30" in last.troubles
    )


async def test_reports_that_cannot_be_ordered_end_as_troubles(past: Past) -> None:
    past.reports.fault = TelnyxRefused("reports are not for this account")
    last = await past.run(SEPTEMBER.first, SEPTEMBER.after)
    assert "fax, 2026-09-01 to 2026-09-30: reports are not for this account" in last.troubles
    assert last.done_units == last.skipped_units == last.total_units


async def test_one_at_a_time(past: Past, tmp_path: Path) -> None:
    leases = past.backfill.leases()
    assert isinstance(leases, LeaseStore)
    assert await leases.hold("backfill", timedelta(seconds=30))
    with pytest.raises(Conflict, match="another backfill is running"):
        await past.run(YESTERDAY, TODAY)
    await leases.give_up("backfill")
    await past.run(YESTERDAY, TODAY)
    assert await leases.hold("backfill", timedelta(seconds=30))


async def test_progress_only_grows_and_tells_each_trouble_once(past: Past) -> None:
    past.telnyx.faults["amd"] = TelnyxRefused("no")
    past.reports.rows = [record("sip-trunking", day, f"sip-{day}") for day in SEPTEMBER]
    progress = Progress()
    work = asyncio.create_task(past.backfill.run(Days(date(2026, 9, 25), TODAY), "auto", progress))
    seen = [snapshot async for snapshot in progress.until(work)]
    await work
    done = [snapshot.done_units for snapshot in seen]
    assert done == sorted(done)
    assert seen[-1].done_units == seen[-1].total_units > 0
    told = [trouble for snapshot in seen for trouble in snapshot.troubles]
    assert len(told) == len(set(told)) == 2
    current = {snapshot.current for snapshot in seen}
    assert any(name.startswith("report of ") for name in current)
    assert current & set(SWEPT_TYPES)
