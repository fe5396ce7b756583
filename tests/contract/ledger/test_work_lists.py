"""What the reconciler asks: what is open, and which windows have been read."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.common.errors import InvalidInput
from services.ledger.store.book import Book
from services.ledger.store.work_lists import list_open, list_sweeps
from tests.support.clocks import ManualClock
from tests.support.ledger_books import DAY_S, record_all, sweep
from tests.support.ledger_facts import at, fixed_id, leg, message


def open_page(
    book: Book,
    now: datetime,
    changed_since: datetime | None = None,
    record_ids: tuple[str, ...] = (),
    size: int = 100,
    cursor: str = "",
) -> tuple[list[Any], str]:
    return book.database.read(
        lambda connection: list_open(connection, now, changed_since, record_ids, size, cursor)
    )


def open_ids(book: Book, now: datetime, changed_since: datetime | None = None, *record_ids: str) -> list[str]:
    return [row.record_id for row in open_page(book, now, changed_since, record_ids)[0]]


def test_what_waits_is_listed_until_it_waits_for_nothing(book: Book, clock: ManualClock) -> None:
    call, told = leg(), message("sms", "message.sent")
    record_all(book, [call.hangup(60), told])
    rows, cursor = open_page(book, clock.now())
    assert [(row.record_type, row.record_id) for row in rows] == [
        ("call", call.call_control_id),
        ("sms", fixed_id("message sms")),
    ]
    assert cursor == ""
    assert (rows[0].missing, rows[0].unclosed) == (["call-control", "sip-trunking"],) * 2
    assert (rows[0].open_at, rows[0].is_settled) == (at(61), False)
    assert (rows[0].session_id, rows[0].call_control_id, rows[0].leg_id) == (
        call.session_id,
        call.call_control_id,
        call.leg_id,
    )
    record_all(book, [call.record("sip-trunking"), call.record("call-control")])
    assert open_ids(book, clock.now()) == [fixed_id("message sms")]
    record_all(book, [call.event("call.recording.saved", 50, recording_id="one")])
    rows, _ = open_page(book, clock.now())
    assert [(row.missing, row.is_settled) for row in rows if row.record_type == "call"] == [
        (["recording"], True)
    ]


def test_a_call_without_a_hangup_opens_when_it_counts_as_ended(book: Book, clock: ManualClock) -> None:
    now_s = (clock.now() - at(0)) / timedelta(seconds=1)
    call = leg()
    record_all(book, [call.event("call.answered", now_s)])
    opens_at = clock.now() + timedelta(hours=4)
    just_before = opens_at - timedelta(microseconds=1)
    assert open_ids(book, clock.now()) == open_ids(book, just_before) == []
    assert open_ids(book, opens_at) == [call.call_control_id]
    # It is new when it opens, for whoever asks each second what is new.
    assert open_ids(book, opens_at, opens_at - timedelta(seconds=60)) == [call.call_control_id]
    assert open_ids(book, opens_at + timedelta(seconds=61), opens_at + timedelta(seconds=1)) == []


def test_only_what_changed_since_is_new(book: Book, clock: ManualClock) -> None:
    first, second = leg("a", "a"), leg("b", "b")
    record_all(book, [first.hangup(60)])
    clock.advance(100)
    since = clock.now()
    record_all(book, [second.hangup(60)])
    assert open_ids(book, clock.now(), since) == [second.call_control_id]
    clock.advance(100)
    record_all(book, [first.record("sip-trunking")])
    assert open_ids(book, clock.now(), since) == [second.call_control_id, first.call_control_id]
    assert open_ids(book, clock.now(), clock.now()) == [first.call_control_id]
    clock.advance(100)
    record_all(book, [first.record("sip-trunking"), second.hangup(60)])
    assert open_ids(book, clock.now(), clock.now()) == []


def test_asking_for_some_ids_gives_those_that_still_wait(book: Book, clock: ManualClock) -> None:
    calls = [leg(name, name) for name in "abc"]
    record_all(book, [call.hangup(60) for call in calls])
    record_all(book, [calls[1].record("sip-trunking"), calls[1].record("call-control")])
    wanted = (calls[0].call_control_id, calls[1].call_control_id, "unknown")
    assert open_ids(book, clock.now(), None, *wanted) == [calls[0].call_control_id]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_of_what_waits(book: Book, clock: ManualClock, size: int) -> None:
    calls = [leg(str(number), str(number)) for number in range(5)]
    record_all(book, [call.hangup(60) for call in calls[:2]])
    clock.advance(1)
    record_all(book, [call.hangup(60) for call in calls[2:]])
    seen, cursor = open_page(book, clock.now(), size=size)
    while cursor:
        rows, cursor = open_page(book, clock.now(), size=size, cursor=cursor)
        seen += rows
    assert [row.record_id for row in seen] == [call.call_control_id for call in calls]


def test_sweeps_newest_reading_first(book: Book) -> None:
    sweeps = [
        sweep("sip-trunking", 0, 3 * DAY_S),
        sweep("call-control", 0, 2 * DAY_S),
        sweep("sip-trunking", 0, 4 * DAY_S),
        sweep("sip-trunking", 0, 2 * DAY_S),
    ]
    record_all(book, sweeps)

    def read(record_type: str = "", since: datetime | None = None, size: int = 10, cursor: str = "") -> Any:
        return book.database.read(
            lambda connection: list_sweeps(connection, record_type, since, size, cursor)
        )

    def times(record_type: str = "", since: datetime | None = None) -> list[datetime]:
        return [row.read_at for row in read(record_type, since)[0]]

    assert times() == [at(days * DAY_S) for days in (4, 3, 2, 2)]
    assert times("sip-trunking") == [at(days * DAY_S) for days in (4, 3, 2)]
    assert times("", at(3 * DAY_S)) == [at(days * DAY_S) for days in (4, 3)]
    assert times("webrtc") == []
    rows, cursor = read(size=1)
    while cursor:
        more, cursor = read(size=1, cursor=cursor)
        rows += more
    assert len({row.id for row in rows}) == 4
    with pytest.raises(InvalidInput) as refused:
        read(cursor="nonsense")
    assert refused.value.field == "page_token"
