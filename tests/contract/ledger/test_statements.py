"""What a write and a read cost: few statements, however large the batch, and each finds its rows by an index."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from services.ledger.store.book import Book
from services.ledger.store.call_views import get_call, get_session
from services.ledger.store.cursors import write_cursor
from services.ledger.store.sweep_weights import unapplied_sweeps
from services.ledger.store.work_lists import list_open, list_sweeps
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock
from tests.support.ledger_books import DAY_S, counted_statements, record_batch, sweep
from tests.support.ledger_facts import at, leg
from tests.support.query_plans import Plans

MOST_PER_EVENT_BATCH = 26
MOST_PER_RECORD_BATCH = 30
_WHOLE_TABLE = r"SCAN (?!sweeps USING COVERING INDEX ix_sweeps_(read|unapplied)|json_each VIRTUAL TABLE)"
"""SQLite calls it a scan, too, when it walks an index from one end and stops early, or a list of values."""


def hangups(count: int, prefix: str) -> list[WebhookEvent]:
    return [leg(f"{prefix} {number}", f"{prefix} {number}").hangup(60) for number in range(count)]


def records(count: int, prefix: str) -> list[DetailRecord]:
    calls = [leg(f"{prefix} {number}", f"{prefix} {number}") for number in range(count)]
    return [call.record(name) for call in calls for name in ("sip-trunking", "call-control")]


def statements_of(book: Book, work: Callable[[], object]) -> int:
    with counted_statements(book.database) as seen:
        work()
    return len(seen)


def test_a_batch_of_hangups_is_a_handful_of_statements(book: Book) -> None:
    small = statements_of(book, lambda: book.record_events(hangups(2, "small")))
    large = statements_of(book, lambda: book.record_events(hangups(128, "large")))
    again = statements_of(book, lambda: book.record_events(hangups(128, "large")))
    assert large == small <= MOST_PER_EVENT_BATCH
    assert again <= 4


def test_a_batch_of_records_is_a_handful_of_statements(book: Book) -> None:
    book.record_events(hangups(2, "small") + hangups(64, "large"))
    small = statements_of(book, lambda: book.record_observations(records(2, "small")))
    large = statements_of(book, lambda: book.record_observations(records(64, "large")))
    assert large == small <= MOST_PER_RECORD_BATCH


def test_closing_many_calls_is_a_handful_of_statements_for_each_two_hundred(book: Book) -> None:
    counts = []
    for size in (2, 150):
        prefix = f"closing {size}"
        calls = [leg(f"{prefix} {number}", f"{prefix} {number}") for number in range(size)]
        book.record_events([call.hangup(60) for call in calls])
        book.record_observations([call.record("sip-trunking") for call in calls])
        unrelated = leg("unrelated", "unrelated").record("call-control", "0", 600)
        book.record_observations([unrelated])
        closing = sweep("call-control", 1, from_at=at(-size * DAY_S), to_at=at(DAY_S))
        counts.append(statements_of(book, partial(book.record_sweep, closing)))
    assert counts[1] <= counts[0] + 2 <= 50


@pytest.fixture
def plans(book: Book) -> Plans:
    """A book with enough in it that plans mean something."""
    record_batch(book, [*hangups(100, "plan"), *records(50, "plan")])
    record_batch(book, [sweep("call-control", 0, days * DAY_S) for days in range(2, 30)])
    if book.database.kind == "postgresql":
        book.database.write(lambda connection: connection.execute(text("ANALYZE")))
    return Plans(book.database)


def test_what_is_open_is_found_by_its_last_change(plans: Plans, clock: ManualClock) -> None:
    now, since = clock.now(), clock.now() - timedelta(seconds=60)
    asked = partial(list_open, now=now, record_ids=(), page_size=500)
    for changed_since, place in ((None, ""), (since, ""), (since, write_cursor(since, 5))):
        plan = plans.of(partial(asked, changed_since=changed_since, cursor=place))
        assert "ix_open_items_changed" in plan, plan
        assert "TEMP B-TREE" not in plan, plan
    plan = plans.of(lambda connection: list_open(connection, now, None, ("a", "b"), 500, ""), may_sort=True)
    assert "open_items_record_id" in plan or "autoindex_open_items" in plan, plan


def test_sweeps_are_found_by_type_and_reading(plans: Plans) -> None:
    plan = plans.of(lambda connection: list_sweeps(connection, "call-control", at(0), 500, ""))
    assert "ix_sweeps_type_read" in plan, plan
    plan = plans.of(unapplied_sweeps)
    assert "ix_sweeps_unapplied" in plan, plan


def test_recording_a_sweep_and_a_record_reads_no_whole_table(book: Book, plans: Plans) -> None:
    with counted_statements(book.database) as seen:
        book.record_sweep(sweep("sip-trunking", 7, 40 * DAY_S))
        book.record_observations(records(1, "late"))
    selects = [statement for statement in dict.fromkeys(seen) if statement.lstrip().startswith("SELECT")]
    assert len(selects) > 10
    for statement in selects:
        if book.database.kind == "sqlite":
            plan = _plan(book, statement)
            assert re.search(_WHOLE_TABLE, plan) is None, (statement, plan)


def _plan(book: Book, statement: str) -> str:
    return book.database.read(
        lambda connection: str(
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?")).all()
        )
    )


def test_one_call_and_one_session_are_found_by_index(plans: Plans, book: Book) -> None:
    call = leg("plan 1", "plan 1")
    for work in (
        lambda connection: get_call(connection, call.leg_id, book.rules),
        lambda connection: get_session(connection, call.session_id, book.rules),
    ):
        plan = plans.of(work)
        assert "Seq Scan" not in plan, plan
        assert "('SCAN" not in plan, plan
