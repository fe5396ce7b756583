"""Which charges there are when ids come one by one: legs that are joined, renamed, told apart."""

from itertools import pairwise, permutations
from typing import Any

import pytest
from sqlalchemy import select

from services.ledger import tables
from services.ledger.store.book import Book
from tests.support.ledger_books import charge_of, journal_of, listed_charges, record_all
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.ledger_facts import LegIds, leg, record

SESSION = leg().session_id


def call_row(book: Book, call_id: str) -> tuple[int, str | None]:
    """(cost, merged_into) of a row of telnyx_calls."""
    table = tables.calls
    query = select(table.c.cost_nanos, table.c.merged_into).where(table.c.telnyx_call_id == call_id)
    cost_nanos, merged_into = book.database.read(lambda connection: connection.execute(query).one())
    return cost_nanos, merged_into


def test_a_leg_known_by_its_leg_id_is_renamed_when_its_call_control_id_turns_up(book: Book) -> None:
    by_leg_id = LegIds(session_id=SESSION, leg_id=leg().leg_id)
    record_all(book, [by_leg_id.record("call-control", "0.006")])
    assert listed_charges(book.database) == {leg().leg_id: 6_000_000}
    assert_book_is_consistent(book)

    record_all(book, [leg().hangup()])
    assert listed_charges(book.database) == {leg().call_control_id: 15_000_000}
    old = charge_of(book.database, leg().leg_id)
    assert (old.cost_nanos, old.merged_into) == (0, leg().call_control_id)
    assert journal_of(book.database, old.id) == [
        ("exact", 6_000_000, 6_000_000),
        ("adjustment", -6_000_000, 0),
    ]
    assert call_row(book, leg().leg_id) == (0, leg().call_control_id)
    assert_book_is_consistent(book)


def test_a_leg_named_by_a_sip_call_id_leaves_its_money_to_the_leg_that_got_its_record(book: Book) -> None:
    """Not to just any leg of the session."""
    names: dict[str, Any] = {"record_id": "trunk", "session_id": SESSION, "sip_call_id": "sip-1"}
    record_all(book, [record("sip-trunking", "0.005", **names), leg("a").hangup(), leg("z").hangup()])
    heir = leg("m").call_control_id
    record_all(book, [record("sip-trunking", "0.005", call_control_id=heir, observed_s=900, **names)])
    old = charge_of(book.database, "sip-1")
    assert (old.cost_nanos, old.merged_into) == (0, heir)
    assert call_row(book, "sip-1") == (0, heir)
    assert listed_charges(book.database)[heir] == 5_000_000
    assert_book_is_consistent(book)


def test_a_leg_named_by_its_record_leaves_its_money_to_the_leg_that_got_it(book: Book) -> None:
    names: dict[str, Any] = {"record_id": "web", "session_id": SESSION}
    record_all(book, [record("webrtc", "0.004", **names), leg("a").hangup(), leg("z").hangup()])
    heir = leg("m").leg_id
    record_all(book, [record("webrtc", "0.004", leg_id=heir, observed_s=900, **names)])
    assert charge_of(book.database, "web").merged_into == call_row(book, "web")[1] == heir
    assert_book_is_consistent(book)


def test_one_fact_joins_two_legs_that_looked_apart(book: Book) -> None:
    by_control_id = LegIds(session_id=SESSION, call_control_id=leg().call_control_id)
    by_leg_id = LegIds(session_id="", leg_id=leg().leg_id)
    record_all(book, [by_control_id.hangup(60), by_leg_id.record("call-control", "0.006")])
    assert len(listed_charges(book.database)) == 2
    record_all(book, [leg().event("call.initiated")])
    assert listed_charges(book.database) == {leg().call_control_id: 15_000_000}
    assert charge_of(book.database, leg().leg_id).merged_into == leg().call_control_id
    assert_book_is_consistent(book)


def test_sessions_in_one_cluster_stay_apart(book: Book) -> None:
    first, second = leg("a", "first"), leg("b", "second")
    moved = LegIds(second.session_id, first.call_control_id, first.leg_id)
    record_all(book, [first.hangup(60), second.hangup(60)])
    record_all(book, [moved.event("call.bridged", 90)])
    rows = book.database.read(lambda connection: connection.execute(select(tables.calls)).all())
    assert {(row.telnyx_call_id, row.telnyx_session_id) for row in rows} == {
        (first.call_control_id, first.session_id),
        (second.call_control_id, second.session_id),
    }
    assert len({row.cluster_id for row in rows}) == 1
    assert_book_is_consistent(book)


def test_many_clusters_join_at_once(book: Book) -> None:
    legs = [leg(f"leg {number}", f"session {number}") for number in range(6)]
    for each in legs:
        record_all(book, [each.hangup(), each.record("call-control", "0.002")])
    bridges = [
        LegIds(one.session_id, other.call_control_id, "").event("call.bridged", 200)
        for one, other in pairwise(legs)
    ]
    book.record_events(bridges)
    clusters = book.database.read(lambda connection: connection.execute(select(tables.clusters)).all())
    assert len(clusters) == 1
    assert len(listed_charges(book.database)) == 6
    assert_book_is_consistent(book)


def test_an_other_charge_moves_to_the_leg_once_there_is_one(book: Book) -> None:
    loose = LegIds(session_id=SESSION).record("recording", "0.002")
    record_all(book, [loose])
    assert listed_charges(book.database) == {f"recording:{loose.record_id}": 2_000_000}
    record_all(book, [leg().record("sip-trunking", "0.01")])
    assert listed_charges(book.database) == {leg().call_control_id: 12_000_000}
    old = charge_of(book.database, f"recording:{loose.record_id}")
    assert (old.cost_nanos, old.merged_into) == (0, leg().call_control_id)
    assert_book_is_consistent(book)


def test_a_recording_moves_to_the_leg_that_its_recording_id_names(book: Book) -> None:
    customer, agent = leg("customer"), leg("agent")
    recording = customer.record("recording", "0.002", recording_id="recording-1")
    record_all(book, [customer.record("sip-trunking", "0.01"), agent.record("sip-trunking", "0.02", at_s=1)])
    record_all(book, [customer.event("call.initiated"), agent.event("call.initiated", 1), recording])
    total = sum(listed_charges(book.database).values())
    record_all(book, [agent.event("call.recording.saved", 50, recording_id="recording-1")])
    assert listed_charges(book.database)[agent.call_control_id] == 22_000_000
    assert sum(listed_charges(book.database).values()) == total == 32_000_000
    assert_book_is_consistent(book)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_sip_call_ids_that_recur_name_one_leg_in_each_session(book: Book, order: tuple[int, ...]) -> None:
    sessions = [leg(session=name).session_id for name in ("a", "b", "c")]
    calls = [
        record("sip-trunking", f"0.00{number + 1}", number * 60, session_id=session, sip_call_id="sip-1")
        for number, session in enumerate(sessions)
    ]
    for number in order:
        record_all(book, [calls[number]])
        assert_book_is_consistent(book)
    assert listed_charges(book.database) == {
        "sip-1": 1_000_000,
        f"sip-1@{sessions[1]}": 2_000_000,
        f"sip-1@{sessions[2]}": 3_000_000,
    }


@pytest.mark.parametrize("order", [1, -1])
def test_ids_of_one_system_that_appear_in_the_other_make_two_legs(book: Book, order: int) -> None:
    honest = LegIds(session_id="session-1", call_control_id="the-same")
    decoy = LegIds(session_id="session-2", leg_id="the-same")
    facts = [honest.record("sip-trunking", "0.005"), decoy.record("call-control", "0.002")]
    for fact in facts[::order]:
        record_all(book, [fact])
        assert_book_is_consistent(book)
    charges = listed_charges(book.database)
    assert charges.pop("the-same") == 5_000_000
    assert list(charges.values()) == [2_000_000]
    assert differences(book_contents(book.database), expected_contents(facts, book.rules)) == []


def test_what_was_merged_away_is_neither_listed_nor_counted(book: Book) -> None:
    by_leg_id = LegIds(session_id=SESSION, leg_id=leg().leg_id)
    record_all(book, [by_leg_id.record("call-control", "0.006"), leg().hangup()])
    sums = book.database.read(lambda connection: connection.execute(select(tables.number_rollups)).all())
    assert (sum(row.charge_count for row in sums), sum(row.cost_nanos for row in sums)) == (1, 15_000_000)
