"""The SQL that users already run, literally, on both stores (design, section 2)."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from services.ledger.store.book import Book
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.support.databases import Databases
from tests.support.ledger_books import open_book, record_all
from tests.support.ledger_facts import CUSTOMER, OURS, at, fixed_id, leg, message, message_record, record, usd


def query(book: Book, sql: str) -> Sequence[Any]:
    return book.database.read(lambda connection: connection.execute(text(sql)).all())


def value(book: Book, sql: str) -> Any:
    return query(book, sql)[0][0]


def metadata_of(book: Book, record_id: str) -> dict[str, Any]:
    """The metadata as a client of any language reads it, numbers as they are written."""
    rows = query(book, "SELECT record_id, CAST(metadata AS TEXT) AS written FROM telnyx_billing")
    [written] = [row.written for row in rows if row.record_id == record_id]
    return dict(json.loads(written, parse_float=Decimal))


def exact_call() -> list[DetailRecord]:
    return [
        leg().record(
            "sip-trunking", "0.0150", record_id="trunk", billed_seconds=180, call_seconds=163, observed_s=400
        ),
        leg().record(
            "call-control", "6E-3", record_id="control", billed_seconds=186, rate="0.002", observed_s=500
        ),
    ]


def test_calls(book: Book) -> None:
    record_all(book, [leg().event("call.answered", 5), leg().hangup(65), *exact_call()])
    [row] = query(
        book,
        "SELECT telnyx_call_id, telnyx_session_id, from_number, to_number, direction, status, duration, cost, "
        "answered_at, ended_at, hangup_cause, created_at FROM telnyx_calls",
    )
    assert row[:7] == (leg().call_control_id, leg().session_id, OURS, CUSTOMER, "outbound", "completed", 60)
    assert row.cost == (0.021 if book.database.kind == "sqlite" else Decimal("0.021"))
    assert row.hangup_cause == "normal_clearing"
    if book.database.kind == "sqlite":
        assert (row.answered_at, row.ended_at) == ("2026-11-20 12:00:05.000000", "2026-11-20 12:01:05.000000")
    else:
        assert (row.answered_at, row.ended_at) == (at(5), at(65))


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([leg().event("call.initiated")], "initiated"),
        ([leg().event("call.answered")], "answered"),
        ([leg().hangup(60)], "completed"),
        ([leg().hangup(60, "no_answer")], "no_answer"),
        ([leg().hangup(60, "user_busy")], "busy"),
        ([leg().hangup(60, "call_rejected")], "failed"),
    ],
)
def test_the_words_for_how_a_call_went(book: Book, told: list[Any], status: str) -> None:
    record_all(book, told)
    assert value(book, "SELECT status FROM telnyx_calls") == status


def test_an_estimate_as_the_design_spells_it(book: Book) -> None:
    record_all(book, [leg().hangup(60)])
    [row] = query(
        book,
        "SELECT phone_number, record_type, record_id, cost, currency, billing_date, description, "
        "metadata->>'source' AS source, created_at FROM telnyx_billing",
    )
    assert row[:3] == (OURS, "call", leg().call_control_id)
    assert (row.currency, row.source) == ("USD", "fallback")
    assert row.description == f"Call to {CUSTOMER} (60s) [estimated @ 0.015/min]"
    written = metadata_of(book, leg().call_control_id)
    assert written == {"estimated": True, "ratePerMin": Decimal("0.015"), "source": "fallback"}
    assert float(value(book, "SELECT SUM(cost) FROM telnyx_billing")) == 0.015
    count = "SELECT COUNT(*) FROM telnyx_billing WHERE metadata->>'source' = 'fallback'"
    assert value(book, count) == 1


def test_an_exact_call_as_the_design_spells_it(book: Book) -> None:
    record_all(book, [leg().hangup(60), *exact_call()])
    [row] = query(book, "SELECT description, metadata->>'source' AS source FROM telnyx_billing")
    assert (row.description, row.source) == (f"Call to {CUSTOMER} (60s)", "detail_records_api")
    assert metadata_of(book, leg().call_control_id) == {
        "source": "detail_records_api",
        "rate": Decimal("0.007"),
        "billedSeconds": 180,
        "callSeconds": 163,
        "fetchedAt": "2026-11-20T12:08:20Z",
        "parts": [
            {
                "recordType": "call-control",
                "recordId": "control",
                "cost": Decimal("0.006"),
                "rate": "0.002",
                "billedSeconds": 186,
                "callSeconds": 42,
                "source": "detail_records_api",
            },
            {
                "recordType": "sip-trunking",
                "recordId": "trunk",
                "cost": Decimal("0.015"),
                "rate": "0.005",
                "billedSeconds": 180,
                "callSeconds": 163,
                "source": "detail_records_api",
            },
        ],
    }


def test_without_a_trunk_record_the_largest_billed_seconds_count(book: Book) -> None:
    silent = [
        leg().record("call-control", "0.002", record_id="short", billed_seconds=60),
        leg().record("call-control", "0.004", record_id="long", billed_seconds=120, at_s=1),
    ]
    record_all(book, silent)
    written = metadata_of(book, leg().leg_id)
    assert (written["billedSeconds"], written["rate"]) == (120, Decimal("0.003"))


def test_numbers_in_metadata_are_numbers_in_plain_notation(book: Book) -> None:
    tiny = leg().record("sip-trunking", "1.666E-4", record_id="tiny", billed_seconds=60)
    free = leg().record("call-control", "0", record_id="free")
    record_all(book, [leg().hangup(60), tiny, free])
    sql = "SELECT CAST(metadata AS TEXT) FROM telnyx_billing"
    written = value(book, sql).replace(" ", "")
    assert '"cost":0.0001666' in written
    assert '"rate":0.0001666' in written
    assert '"cost":0,' in written


def test_an_inbound_call_is_from_the_other_party(book: Book) -> None:
    parties = {"direction": "inbound", "from_number": CUSTOMER, "to_number": OURS}
    record_all(book, [leg().hangup(60, **parties)])
    [row] = query(book, "SELECT phone_number, description FROM telnyx_billing")
    assert row == (OURS, f"Call from {CUSTOMER} (60s) [estimated @ 0.015/min]")


def test_messages_and_other_records(book: Book) -> None:
    record_all(
        book,
        [
            message("one", total="0.0051"),
            message_record("two", "0.004"),
            record("inference", "0.0003", record_id="three"),
        ],
    )
    rows = query(
        book, "SELECT record_type, record_id, metadata->>'source' FROM telnyx_billing ORDER BY cost DESC"
    )
    assert rows == [
        ("sms", fixed_id("message one"), "webhook"),
        ("sms", fixed_id("message two"), "detail_records_api"),
        ("other", "inference:three", "detail_records_api"),
    ]


def test_cost_is_exact_on_postgresql_and_a_real_on_sqlite(book: Book) -> None:
    amounts = ["0.1", "0.2", "1E-9", "9000000.123456789", "0"]
    records = [
        record("inference", amount, number, record_id=str(number)) for number, amount in enumerate(amounts)
    ]
    record_all(book, records)
    rows = query(book, "SELECT cost, cost_nanos FROM telnyx_billing ORDER BY id")
    assert [row.cost_nanos for row in rows] == [usd(amount).nanos for amount in amounts]
    exact = sum(map(Decimal, amounts), Decimal())
    if book.database.kind == "postgresql":
        assert [row.cost for row in rows] == [Decimal(amount) for amount in amounts]
        assert value(book, "SELECT SUM(cost) FROM telnyx_billing") == exact
    else:
        assert [row.cost for row in rows] == [float(amount) for amount in amounts]
        assert value(book, "SELECT SUM(cost) FROM telnyx_billing") == pytest.approx(float(exact), rel=1e-12)
    assert value(book, "SELECT SUM(cost_nanos) FROM telnyx_billing") == int(exact * 10**9)


def test_no_charge_is_shown_twice_by_sum_when_legs_are_joined(book: Book) -> None:
    by_leg_id = replace(leg(), call_control_id="")
    record_all(book, [by_leg_id.record("call-control", "0.006"), leg().hangup(60)])
    assert float(value(book, "SELECT SUM(cost) FROM telnyx_billing")) == 0.015
    assert float(value(book, "SELECT SUM(cost) FROM telnyx_calls")) == 0.015


def test_readers_of_the_sqlite_file_need_no_more_than_its_path(databases: Databases) -> None:
    """`sqlite3 -readonly` in the documentation: the ledger keeps the file open meanwhile."""
    with open_book(databases, "sqlite") as (book, _clock):
        record_all(book, [leg().hangup(60)])
        reader = sqlite3.connect(f"file:{book.database.writer.url.database}?mode=ro", uri=True)
        assert reader.execute("SELECT COUNT(*) FROM telnyx_calls").fetchone() == (1,)
        reader.close()
