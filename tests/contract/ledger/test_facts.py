"""Recording facts: what is new counts, what is known changes nothing, and nothing is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.common.errors import InvalidInput
from services.common.money import Money
from services.ledger import tables
from services.ledger.store.book import Book
from services.telnyx_vocabulary.webhook_event import UNREADABLE_EVENT, WebhookEvent
from tests.support.clocks import ManualClock
from tests.support.ledger_books import (
    DAY_S,
    Fact,
    all_rows,
    charge_of,
    journal_of,
    listed_charges,
    record_all,
    record_batch,
    sweep,
    usage,
)
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_contents import book_contents, differences, expected_contents
from tests.support.ledger_facts import LegIds, at, fixed_id, leg, message, message_record, record, usd


def one_of_everything() -> list[Fact]:
    """A call with two legs, a silent leg, two messages, records of no call, sweeps and a usage report."""
    customer, agent = leg("customer"), leg("agent")
    twin = LegIds(session_id=customer.session_id, call_control_id="v3:twin")
    return [
        customer.event("call.initiated"),
        customer.event("call.answered", 5),
        customer.event("call.recording.saved", 50, recording_id="recording-1"),
        customer.hangup(65),
        customer.call_cost(70, {"sip-trunking": "0.01", "call-control": "0.004"}),
        agent.hangup(64),
        message("sent", "message.sent"),
        message("sent", total="0.0051"),
        message("received", "message.received", total="0.0025"),
        customer.record("sip-trunking", "0.01"),
        customer.record("call-control", "0.004"),
        customer.record("recording", "0.002", record_id="recording-1"),
        agent.record("call-control", "1.666E-4"),
        twin.record("sip-trunking", "0.0062"),
        message_record("sent", "0.0051"),
        record("inference", "0.0003", at_s=20),
        record("mystery", "0.5", at_s=30),
        sweep("sip-trunking", 2),
        sweep("call-control", 2),
        sweep("recording", 1),
        sweep("webrtc", 0),
        usage("webrtc", {0: "0"}),
    ]


def test_every_write_leaves_a_consistent_book(book: Book) -> None:
    for fact in one_of_everything():
        record_all(book, [fact])
        assert_book_is_consistent(book)
    assert listed_charges(book.database) == {
        leg("customer").call_control_id: 16_000_000,
        leg("agent").call_control_id: 166_600,
        "v3:twin": 6_200_000,
        fixed_id("message sent"): 5_100_000,
        fixed_id("message received"): 2_500_000,
        f"inference:{record('inference', '0.0003', at_s=20).record_id}": 300_000,
        f"mystery:{record('mystery', '0.5', at_s=30).record_id}": 500_000_000,
    }


def test_repetition_changes_nothing_at_all(book: Book, clock: ManualClock) -> None:
    facts = one_of_everything()
    record_all(book, facts)
    before = all_rows(book.database)
    clock.advance(3600)
    record_all(book, facts)
    record_batch(book, facts + facts[::-1])
    assert all_rows(book.database) == before


def test_counts_tell_what_was_new(book: Book) -> None:
    call = leg()
    assert book.record_events([call.hangup(), call.hangup(), call.event("call.answered", 5)]) == 2
    assert book.record_events([call.hangup(), call.call_cost(70, {})]) == 1
    first = call.record("sip-trunking", "0.005", record_id="one")
    added = book.record_observations([first, first, call.record("call-control", "0.002")])
    assert (added.new_count, added.changed_count) == (2, 0)
    corrected = replace(first, cost=usd("0.01"), observed_at=at(900))
    added = book.record_observations([corrected, first])
    assert (added.new_count, added.changed_count) == (0, 1)


def test_an_empty_batch_is_no_event(book: Book) -> None:
    assert book.record_events([]) == 0
    assert book.record_observations([]).new_count == 0


def test_a_later_delivery_of_the_same_event_changes_nothing(book: Book) -> None:
    hangup = leg().hangup(received_at=at(61))
    book.record_events([hangup])
    before = all_rows(book.database)
    repeated = replace(hangup, received_at=at(400), raw=b'{"meta": {"attempt": 2}}')
    assert book.record_events([repeated]) == 0
    assert book.record_events([replace(repeated, quarantined=True)]) == 0
    assert all_rows(book.database) == before


def test_attempts_count_from_the_first_delivery_also_when_it_is_recorded_last(book: Book) -> None:
    hangup = leg().hangup(received_at=at(400))
    book.record_events([hangup])
    book.record_events([replace(hangup, received_at=at(61))])
    [item] = book.database.read(lambda connection: connection.execute(select(tables.open_items)).all())
    assert item.open_at == at(61)


def test_the_same_event_id_with_another_content_counts_once_and_is_kept(book: Book) -> None:
    call = leg()
    contents = [call.hangup(60, event_id="twice"), call.hangup(600, event_id="twice")]
    record_all(book, contents)
    record_all(book, contents)
    first = charge_of(book.database, call.call_control_id)
    events = book.database.read(lambda connection: connection.execute(select(tables.events)).all())
    assert [row.event_id for row in events] == ["twice", "twice"]
    assert first.cost_nanos in (15_000_000, 150_000_000)
    assert_book_is_consistent(book)


def test_which_content_of_an_event_counts_does_not_depend_on_which_came_first(book: Book) -> None:
    costs = set()
    for name, order in (("a", 1), ("b", -1)):
        call = leg(name, session=name)
        contents = [call.hangup(60, event_id=name), call.hangup(600, event_id=name)]
        # The digest decides, and the digest knows the ids: the same leg in both orders.
        record_all(book, contents[::order])
        costs.add((name, charge_of(book.database, call.call_control_id).cost_nanos))
        record_all(book, contents[::-order])
        costs.add((name, charge_of(book.database, call.call_control_id).cost_nanos))
    assert len(costs) == 2


def test_an_event_id_that_comes_for_two_calls_counts_for_one(book: Book) -> None:
    record_all(book, [leg("a", "a").hangup(event_id="twice"), leg("b", "b").hangup(event_id="twice")])
    assert len(listed_charges(book.database)) == 1
    assert_book_is_consistent(book)


@pytest.mark.parametrize("order", [1, -1])
def test_an_event_that_comes_with_and_without_its_call_counts_once(book: Book, order: int) -> None:
    contents: list[Fact] = [
        ids.hangup(60, event_id=f"event {number}")
        for number in range(8)
        for ids in (leg(f"call {number}", f"session {number}"), LegIds())
    ]
    record_all(book, contents[::order])
    assert differences(book_contents(book.database), expected_contents(contents, book.rules)) == []
    assert 0 < len(listed_charges(book.database)) < 8
    assert_book_is_consistent(book)


def test_a_quarantined_event_has_an_effect_once_it_comes_fresh(book: Book) -> None:
    hangup = leg().hangup(quarantined=True)
    assert book.record_events([hangup]) == 1
    assert listed_charges(book.database) == {}
    assert book.record_events([replace(hangup, quarantined=False)]) == 0
    assert listed_charges(book.database) == {leg().call_control_id: 15_000_000}
    assert book.record_events([hangup]) == 0
    assert listed_charges(book.database) == {leg().call_control_id: 15_000_000}
    assert_book_is_consistent(book)


def test_a_quarantined_event_has_an_effect_once_a_record_confirms_it(book: Book) -> None:
    record_all(book, [leg().hangup(quarantined=True), leg("other", "other").record("sip-trunking")])
    assert leg().call_control_id not in listed_charges(book.database)
    record_all(book, [leg().record("sip-trunking", "0.001")])
    assert listed_charges(book.database)[leg().call_control_id] == 15_000_000
    assert_book_is_consistent(book)


def test_one_batch_may_hold_the_quarantined_and_the_fresh_delivery(book: Book) -> None:
    hangup = leg().hangup(quarantined=True)
    assert book.record_events([hangup, replace(hangup, quarantined=False), hangup]) == 1
    assert listed_charges(book.database) == {leg().call_control_id: 15_000_000}
    assert_book_is_consistent(book)


def test_events_that_name_no_call_are_kept(book: Book) -> None:
    unreadable = WebhookEvent(
        event_id="sha256:00",
        event_type=UNREADABLE_EVENT,
        occurred_at=at(0),
        received_at=at(0),
        unreadable=("body: not JSON",),
        raw=b"\xff\x00 not JSON",
    )
    unknown = LegIds().event("number_order.complete", raw=b"{}")
    assert book.record_events([unreadable, unknown]) == 2
    rows = book.database.read(lambda connection: connection.execute(select(tables.events)).all())
    assert {(row.event_type, bytes(row.raw), row.cluster_id) for row in rows} == {
        (UNREADABLE_EVENT, b"\xff\x00 not JSON", None),
        ("number_order.complete", b"{}", None),
    }
    assert listed_charges(book.database) == {}


def test_records_without_ids_are_kept_shown_and_never_exact(book: Book) -> None:
    nameless = record(
        "sip-trunking", "0.005", record_id="sha256:aa", unreadable=("id: a record without a readable id",)
    )
    other = record("wireless", None, record_id="sim-1", unreadable=("data_cost: missing",))
    record_all(book, [nameless, other])
    charge = charge_of(book.database, "sha256:aa")
    assert (charge.record_type, charge.cost_nanos, charge.status) == ("call", 5_000_000, "estimated")
    charge = charge_of(book.database, "wireless:sim-1")
    assert (charge.record_type, charge.cost_nanos, charge.status) == ("other", 0, "estimated")
    assert_book_is_consistent(book)


@pytest.mark.parametrize("order", [1, -1])
def test_of_changed_observations_the_latest_counts_whichever_came_last(book: Book, order: int) -> None:
    call = leg()
    early = call.record("sip-trunking", "0.005", record_id="one", observed_s=200)
    late = replace(early, cost=usd("0.01"), observed_at=at(300))
    record_all(book, [early, late][::order])
    assert charge_of(book.database, call.call_control_id).cost_nanos == 10_000_000
    again = replace(early, observed_at=at(400))
    record_all(book, [again])
    assert charge_of(book.database, call.call_control_id).cost_nanos == 5_000_000
    assert_book_is_consistent(book)


def test_seeing_a_record_again_and_again_does_not_move_it_in_time(book: Book, clock: ManualClock) -> None:
    timeless = record("inference", "0.0003", at_s=None, observed_s=100)
    record_all(book, [timeless])
    before = charge_of(book.database, f"inference:{timeless.record_id}")
    clock.advance(3600)
    record_all(book, [replace(timeless, observed_at=at(3 * DAY_S))])
    record_all(book, [record("inference", "0.0001", at_s=5)])
    after = charge_of(book.database, f"inference:{timeless.record_id}")
    assert after == before
    assert after.billing_date == at(100)
    record_all(book, [replace(timeless, observed_at=at(-DAY_S))])
    assert charge_of(book.database, f"inference:{timeless.record_id}").billing_date == at(-DAY_S)
    assert_book_is_consistent(book)


def test_contents_of_one_record_that_name_different_legs_are_one_record(book: Book) -> None:
    first = leg("a", "a").record("call-control", "0.004", record_id="one", observed_s=200)
    second = leg("b", "b").record("call-control", "0.006", record_id="one", observed_s=300)
    record_all(book, [leg("a", "a").hangup(), leg("b", "b").hangup(), first])
    record_all(book, [second])
    assert_book_is_consistent(book)
    rows = book.database.read(lambda connection: connection.execute(select(tables.detail_records)).all())
    assert [(row.record_id, row.home_record_id) for row in rows] == [("one", leg("b").call_control_id)]


def test_both_contents_of_a_record_may_come_in_one_batch(book: Book) -> None:
    first = leg("a", "a").record("call-control", "0.004", record_id="one", observed_s=200)
    second = leg("b", "b").record("call-control", "0.006", record_id="one", observed_s=300)
    added = book.record_observations([second, first])
    assert (added.new_count, added.changed_count) == (1, 0)
    assert listed_charges(book.database) == {leg("b").leg_id: 6_000_000}
    assert_book_is_consistent(book)


def test_records_of_different_types_may_share_an_id(book: Book) -> None:
    record_all(
        book,
        [
            record("sip-trunking", "0.005", record_id="same"),
            record("call-control", "0.002", record_id="same"),
        ],
    )
    record_all(book, [record("inference", "0.001", record_id="same")])
    assert sorted(listed_charges(book.database).values()) == [1_000_000, 2_000_000, 5_000_000]
    assert_book_is_consistent(book)


def test_the_parts_follow_the_facts_while_the_estimate_stands(book: Book) -> None:
    call = leg()
    record_all(book, [call.hangup(), call.record("sip-trunking", "0.005")])
    charge = charge_of(book.database, call.call_control_id)
    assert (charge.cost_nanos, charge.status) == (15_000_000, "estimated")
    parts = book.database.read(lambda connection: connection.execute(select(tables.billing_parts)).all())
    assert [(row.record_type, row.cost_nanos) for row in parts] == [("sip-trunking", 5_000_000)]


def test_the_journal_of_a_call_from_estimate_to_adjustment(book: Book, clock: ManualClock) -> None:
    call = leg()
    record_all(book, [call.hangup()])
    clock.advance(60)
    record_all(book, [call.record("sip-trunking", "0.005"), call.record("call-control", "0.002")])
    settled_at = clock.now()
    clock.advance(3600)
    record_all(book, [call.record("amd", "0.0065")])
    charge = charge_of(book.database, call.call_control_id)
    assert journal_of(book.database, charge.id) == [
        ("estimate", 15_000_000, 15_000_000),
        ("reversal", -15_000_000, 0),
        ("exact", 7_000_000, 7_000_000),
        ("adjustment", 6_500_000, 13_500_000),
    ]
    assert (charge.status, charge.settled_at) == ("exact", settled_at)
    assert (charge.created_at, charge.updated_at) == (settled_at - timedelta(seconds=60), clock.now())


def test_other_currencies_are_charges_of_their_own(book: Book) -> None:
    call = leg()
    record_all(book, [call.hangup()])
    euros = call.record("sip-trunking", "0.005")
    record_all(book, [replace(euros, cost=Money("EUR", 5_000_000))])
    assert charge_of(book.database, call.call_control_id).merged_into == call.call_control_id
    assert charge_of(book.database, call.call_control_id).cost_nanos == 0
    assert charge_of(book.database, call.call_control_id, "EUR").cost_nanos == 5_000_000
    record_all(book, [call.record("call-control", "0.002")])
    assert charge_of(book.database, call.call_control_id).cost_nanos == 2_000_000
    assert charge_of(book.database, call.call_control_id).merged_into is None
    assert_book_is_consistent(book)


def test_a_batch_of_a_thousand_facts_of_each_kind(book: Book) -> None:
    calls = [leg(f"call {number}", f"session {number}") for number in range(500)]
    events = [fact for call in calls for fact in (call.event("call.answered", 5), call.hangup(50))]
    records = [fact for call in calls for fact in (call.record("sip-trunking"), call.record("call-control"))]
    assert book.record_events(events) == 1000
    assert book.record_observations(records).new_count == 1000
    assert sum(listed_charges(book.database).values()) == 500 * 10_000_000


def test_what_no_store_can_hold_is_refused_and_leaves_nothing_behind(book: Book) -> None:
    fits = leg().record("sip-trunking", "9000000000", record_id="one")
    record_all(book, [fits])
    before = all_rows(book.database)
    with pytest.raises(InvalidInput):
        book.record_observations([replace(fits, record_id="two"), leg("other").record("amd")])
    assert all_rows(book.database) == before
    assert book.record_observations([leg("other").record("amd")]).new_count == 1
