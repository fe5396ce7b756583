"""The facts behind a call: which, in which order, whose, and how much of them."""

from dataclasses import replace

import pytest

from services.common.errors import NotFound
from services.ledger.retention import drop_raw_texts
from services.ledger.store import call_facts
from services.ledger.store.book import Book
from services.ledger.store.call_facts import FactsView, list_call_facts
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.support.clocks import ManualClock
from tests.support.ledger_books import record_all
from tests.support.ledger_facts import LegIds, at, fixed_id, leg, message, record, usd

CUSTOMER, AGENT = leg("customer"), leg("agent")
SESSION = LegIds(session_id=CUSTOMER.session_id)


def facts(book: Book, call_id: str) -> FactsView:
    return book.database.read(lambda connection: list_call_facts(connection, call_id, book.rules))


def events_in(view: FactsView) -> list[tuple[str, str]]:
    return [(event.row.event_type, event.call_id) for event in view.events]


def records_in(view: FactsView) -> list[tuple[str, str]]:
    return [(seen.row.record_id, seen.call_id) for seen in view.records]


def with_body(event: WebhookEvent, body: bytes) -> WebhookEvent:
    return replace(event, raw=body)


def test_all_of_the_session_is_told_with_the_leg_it_belongs_to_oldest_first(book: Book) -> None:
    record_all(
        book,
        [
            AGENT.hangup(70),
            AGENT.record("call-control", "0.002", record_id="control", observed_s=400),
            CUSTOMER.record("sip-trunking", "0.005", record_id="trunk", observed_s=300),
            SESSION.record("recording", "0.002", record_id="recording", observed_s=500),
            CUSTOMER.event("call.initiated", -1),
            SESSION.event("call.something", 30),
            CUSTOMER.hangup(60),
            leg("stranger", "elsewhere").hangup(20),
            message("a message"),
        ],
    )
    for call_id in (CUSTOMER.call_control_id, AGENT.leg_id, "trunk"):
        view = facts(book, call_id)
        assert events_in(view) == [
            ("call.initiated", CUSTOMER.call_control_id),
            ("call.something", ""),
            ("call.hangup", CUSTOMER.call_control_id),
            ("call.hangup", AGENT.call_control_id),
        ]
        assert records_in(view) == [
            ("trunk", CUSTOMER.call_control_id),
            ("control", AGENT.call_control_id),
            ("recording", CUSTOMER.call_control_id),
        ]
        assert not view.is_truncated


def test_every_observation_is_told_and_only_the_latest_counts(book: Book) -> None:
    dear = CUSTOMER.record("sip-trunking", "0.007", record_id="trunk", observed_s=300)
    cheap = CUSTOMER.record("sip-trunking", "0.005", record_id="trunk", observed_s=400)
    record_all(book, [cheap, dear, replace(dear, observed_at=at(350)), replace(dear, observed_at=at(390))])
    first, second = facts(book, "trunk").records
    assert (first.cost, first.counts, second.cost, second.counts) == (usd("0.007"), False, usd("0.005"), True)
    assert (first.row.first_observed_at, first.row.last_observed_at) == (at(300), at(390))
    record_all(book, [replace(dear, observed_at=at(500))])
    assert [seen.counts for seen in facts(book, "trunk").records] == [True, False]


def test_an_observation_that_named_another_leg_is_told_where_its_record_ends(book: Book) -> None:
    wrong = AGENT.record("sip-trunking", "0.007", record_id="trunk", observed_s=300)
    right = CUSTOMER.record("sip-trunking", "0.005", record_id="trunk", observed_s=400)
    record_all(book, [AGENT.hangup(60), CUSTOMER.hangup(60), wrong, right])
    view = facts(book, CUSTOMER.leg_id)
    assert records_in(view) == [("trunk", CUSTOMER.call_control_id)] * 2


def test_an_amount_that_cannot_be_read_has_no_cost(book: Book) -> None:
    record_all(book, [CUSTOMER.record("sip-trunking", None, record_id="trunk")])
    [seen] = facts(book, "trunk").records
    assert (seen.cost, seen.counts) == (None, True)


def test_a_quarantined_event_is_told_although_it_has_no_effect(book: Book) -> None:
    stale = AGENT.hangup(60, quarantined=True)
    record_all(book, [CUSTOMER.hangup(60), CUSTOMER.event("call.answered", 5, quarantined=True), stale])
    told = [(e.row.event_type, e.row.is_quarantined, e.call_id) for e in facts(book, CUSTOMER.leg_id).events]
    assert sorted(told) == [
        ("call.answered", True, CUSTOMER.call_control_id),
        ("call.hangup", False, CUSTOMER.call_control_id),
        ("call.hangup", True, ""),
    ]


def test_sessions_of_one_cluster_do_not_tell_each_others_facts(book: Book) -> None:
    second = leg("b", "second")
    bridge = LegIds(second.session_id, CUSTOMER.call_control_id, "").event("call.bridged", 90)
    record_all(book, [CUSTOMER.hangup(60), second.hangup(60), bridge])
    assert events_in(facts(book, second.leg_id)) == [("call.hangup", second.call_control_id)]
    assert [kind for kind, _ in events_in(facts(book, CUSTOMER.leg_id))] == ["call.hangup", "call.bridged"]


def test_a_leg_without_a_session_has_its_own_facts_alone(book: Book) -> None:
    lonely = [LegIds(call_control_id="v3:one", leg_id="same"), LegIds(call_control_id="v3:two")]
    joint = LegIds(leg_id="v3:two")
    record_all(book, [lonely[0].hangup(60), lonely[1].hangup(60), joint.record("amd", "0.002")])
    assert events_in(facts(book, "v3:two")) == [("call.hangup", "v3:two")]
    assert records_in(facts(book, "v3:two")) == []


def test_raw_texts_are_told_as_long_as_they_are_kept(book: Book, clock: ManualClock) -> None:
    told = with_body(CUSTOMER.hangup(60), b'{"data": {}}')
    seen = replace(CUSTOMER.record("sip-trunking", record_id="trunk"), raw=b'{"id": "trunk"}')
    record_all(book, [told, seen])
    view = facts(book, "trunk")
    assert ([e.raw for e in view.events], [r.raw for r in view.records]) == ([told.raw], [seen.raw])
    drop_raw_texts(book, clock.now() - at(10_000))
    view = facts(book, "trunk")
    assert ([e.raw for e in view.events], [r.raw for r in view.records]) == ([b""], [b""])
    assert not view.is_truncated


def test_no_more_than_a_thousand_of_each_kind_are_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_facts, "MAX_FACTS", 3)
    record_all(book, [CUSTOMER.event("call.dtmf.received", number) for number in range(3)])
    assert not facts(book, CUSTOMER.leg_id).is_truncated
    record_all(book, [CUSTOMER.hangup(60)])
    view = facts(book, CUSTOMER.leg_id)
    assert ([kind for kind, _ in events_in(view)], view.is_truncated) == (["call.dtmf.received"] * 3, True)


def test_raw_texts_that_are_too_long_are_left_out_and_the_facts_stay(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_facts, "MAX_RAW_BYTES", 10)
    bodies = [b"x" * 6, b"y" * 4, b"z"]
    told = [with_body(CUSTOMER.event("call.dtmf.received", n), body) for n, body in enumerate(bodies)]
    record_all(book, told[:2])
    assert not facts(book, CUSTOMER.leg_id).is_truncated
    record_all(book, told[2:])
    view = facts(book, CUSTOMER.leg_id)
    assert [event.raw for event in view.events] == [*bodies[:2], b""]
    assert view.is_truncated


def test_nothing_is_told_of_what_nobody_knows(book: Book) -> None:
    record_all(book, [record("inference", record_id="of-no-call")])
    for call_id in ("of-no-call", CUSTOMER.session_id, fixed_id("nobody")):
        with pytest.raises(NotFound):
            facts(book, call_id)
