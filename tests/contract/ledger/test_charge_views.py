"""One charge of any kind with what belongs to it."""

from dataclasses import replace

import pytest

from services.common.errors import NotFound
from services.common.money import parse_money
from services.ledger.charges import Kind
from services.ledger.store.book import Book
from services.ledger.store.charge_views import ChargeView, get_charge
from tests.support.ledger_books import record_all
from tests.support.ledger_facts import LegIds, fixed_id, leg, message, message_record, record

LEG = leg()
MESSAGE = fixed_id("message hello")


def charge(book: Book, kind: Kind, record_id: str) -> ChargeView:
    return book.database.read(lambda connection: get_charge(connection, kind, record_id, book.rules))


def names(view: ChargeView) -> list[tuple[str, str]]:
    return [(row.record_type, row.record_id) for row in view.charges]


def assert_adds_up(view: ChargeView) -> None:
    for row in view.charges:
        own = [line.amount_nanos for line in view.history if line.billing_id == row.id]
        assert sum(own) == row.cost_nanos
        parts = [line.cost_nanos for line in view.parts if line.billing_id == row.id]
        assert not parts or sum(parts) == row.cost_nanos


def test_a_call_has_the_facts_of_its_leg_alone(book: Book) -> None:
    record_all(
        book,
        [
            LEG.hangup(60),
            LEG.record("sip-trunking", "0.005", record_id="trunk"),
            LEG.record("call-control", "0.002", record_id="control"),
            leg("agent").hangup(60),
            LegIds(session_id=LEG.session_id).event("call.something", 5),
        ],
    )
    view = charge(book, "call", LEG.call_control_id)
    assert names(view) == [("call", LEG.call_control_id)]
    assert [(part.record_id, part.cost_nanos, part.currency) for part in view.parts] == [
        ("control", 2_000_000, "USD"),
        ("trunk", 5_000_000, "USD"),
    ]
    assert [entry.kind for entry in view.history] == ["estimate", "reversal", "exact"]
    assert [event.row.event_type for event in view.facts.events] == ["call.hangup"]
    assert {seen.row.record_id for seen in view.facts.records} == {"trunk", "control"}
    assert_adds_up(view)


def test_a_message_has_its_webhooks_and_its_record(book: Book) -> None:
    record_all(
        book,
        [
            message("hello", "message.sent"),
            message("hello", total="0.004", at_s=3),
            message_record("hello", "0.0051"),
            message("another"),
        ],
    )
    view = charge(book, "sms", MESSAGE)
    assert names(view) == [("sms", MESSAGE)]
    assert [event.row.event_type for event in view.facts.events] == ["message.sent", "message.finalized"]
    assert [(seen.row.record_id, seen.counts, seen.call_id) for seen in view.facts.records] == [
        (MESSAGE, True, "")
    ]
    assert_adds_up(view)


def test_another_record_has_its_observations(book: Book) -> None:
    first = record("inference", "0.0001", record_id="i", billed_seconds=None)
    later = record("inference", "0.0002", record_id="i", billed_seconds=None, observed_s=900)
    record_all(book, [first, later, record("inference", record_id="j"), record("fax", record_id="i")])
    view = charge(book, "other", "inference:i")
    assert names(view) == [("other", "inference:i")]
    assert view.facts.events == ()
    assert [(seen.row.record_type, seen.counts) for seen in view.facts.records] == [
        ("inference", False),
        ("inference", True),
    ]
    assert [entry.amount_nanos for entry in view.history] == [100_000, 100_000]
    assert_adds_up(view)


def test_records_of_a_session_without_legs_share_a_cluster_but_not_their_facts(book: Book) -> None:
    session = LegIds(session_id=LEG.session_id)
    record_all(book, [session.record("recording", record_id=name) for name in ("one", "two")])
    view = charge(book, "other", "recording:one")
    assert [seen.row.record_id for seen in view.facts.records] == ["one"]


def test_each_currency_has_its_charge_and_what_is_gone_stays_in_the_journal(book: Book) -> None:
    euros = LEG.record("sip-trunking", record_id="trunk")
    record_all(book, [LEG.hangup(60), replace(euros, cost=parse_money("0.005", "EUR"))])
    view = charge(book, "call", LEG.call_control_id)
    assert [row.currency for row in view.charges] == ["EUR"]
    assert sorted((line.currency, line.amount_nanos) for line in view.history) == [
        ("EUR", 5_000_000),
        ("USD", -15_000_000),
        ("USD", 15_000_000),
    ]
    record_all(book, [LEG.record("call-control", "0.002")])
    view = charge(book, "call", LEG.call_control_id)
    assert {row.currency: row.cost_nanos for row in view.charges} == {"EUR": 5_000_000, "USD": 2_000_000}
    assert {line.record_type: line.currency for line in view.parts} == {
        "call-control": "USD",
        "sip-trunking": "EUR",
    }
    assert_adds_up(view)


def test_a_charge_that_was_merged_away_is_told_as_the_one_that_has_its_money(book: Book) -> None:
    by_leg_id = LegIds(session_id=LEG.session_id, leg_id=LEG.leg_id)
    loose = LegIds(session_id=LEG.session_id).record("recording", "0.002", record_id="recording")
    record_all(book, [loose, by_leg_id.record("call-control", "0.006"), LEG.hangup(60)])
    moved: list[tuple[Kind, str]] = [("other", "recording:recording"), ("call", LEG.leg_id)]
    for kind, record_id in moved:
        view = charge(book, kind, record_id)
        assert names(view) == [("call", LEG.call_control_id)]


@pytest.mark.parametrize(
    ("kind", "record_id"),
    [
        ("call", "nobody"),
        ("sms", LEG.call_control_id),
        ("other", MESSAGE),
        ("call", leg("rings").call_control_id),
    ],
)
def test_what_was_never_charged_is_not_found(book: Book, kind: Kind, record_id: str) -> None:
    record_all(book, [LEG.hangup(60), message("hello"), leg("rings").event("call.initiated")])
    with pytest.raises(NotFound):
        charge(book, kind, record_id)
