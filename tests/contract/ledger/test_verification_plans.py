"""What seals, verifies, replays and learns walks along indexes, page by page."""

import re
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from sqlalchemy import Connection

from services.ledger.store.blocks import sealable_entries
from services.ledger.store.book import Book
from services.ledger.store.exact_calls import exact_calls
from services.ledger.store.kept_events import BEFORE_ALL, ReceiptRange, events_after
from services.ledger.store.proof_counts import clusters_after
from services.ledger.store.sum_proof import prove_days
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_all
from tests.support.ledger_facts import at, leg, message_record
from tests.support.query_plans import Plans

EVERY_EVENT = ReceiptRange(from_at=None, to_at=None, last_id=1000)
SINCE = ReceiptRange(from_at=at(0), to_at=at(3600), last_id=1000)

Question = Callable[[Connection], object]
WALKS: dict[str, tuple[Question, str]] = {
    "sealing": (
        partial(sealable_entries, after_id=1, up_to_id=9, limit=5),
        r"billing_entries USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)",
    ),
    "clusters": (
        partial(clusters_after, cluster_id=1, last_id=9, limit=5),
        r"clusters USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)",
    ),
    "replay": (
        partial(events_after, wanted=EVERY_EVENT, place=BEFORE_ALL, limit=5),
        r"events USING INDEX ix_events_received \(received_at>\?",
    ),
    "replay of a range": (
        partial(events_after, wanted=SINCE, place=(at(60), 7), limit=5),
        r"events USING INDEX ix_events_received \(received_at>\? AND received_at<\?\)",
    ),
    "exact calls": (
        partial(exact_calls, now=at(0), currency="USD"),
        r"telnyx_billing USING INDEX ix_telnyx_billing_date \(billing_date>\? AND billing_date<\?\)",
    ),
    "charges of days": (
        partial(prove_days, first_day="2026-11-19", last_day="2026-11-20"),
        r"telnyx_billing USING INDEX ix_telnyx_billing_date \(billing_date>\? AND billing_date<\?\)",
    ),
    "records of days": (
        partial(prove_days, first_day="2026-11-19", last_day="2026-11-20"),
        r"ix_detail_records_type_time \(record_type=\? AND record_time>\? AND record_time<\?\)",
    ),
}


@pytest.fixture(scope="module")
def book(databases: Databases) -> Iterable[Book]:
    """A SQLite book with a little of everything."""
    with open_book(databases, "sqlite") as (book, _):
        record_all(book, [leg().hangup(60), message_record("one", at_s=60)])
        yield book


@pytest.mark.parametrize("walk", WALKS)
def test_it_walks_an_index(book: Book, walk: str) -> None:
    question, wanted = WALKS[walk]
    plan = Plans(book.database).of(question)
    assert re.search(wanted, plan), plan
    assert not re.search(r"SCAN (telnyx_|billing_|events|record_observations|clusters)", plan), plan
