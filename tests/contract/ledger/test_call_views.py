"""Reading one leg or one session, by whatever id it is known."""

import pytest

from services.common.errors import NotFound
from services.ledger.store.book import Book
from services.ledger.store.call_views import CallView, SessionView, get_call, get_session
from tests.support.ledger_books import record_all, sweep
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import LegIds, at, fixed_id, leg, record


def call(book: Book, call_id: str) -> CallView:
    return book.database.read(lambda connection: get_call(connection, call_id, book.rules))


def session(book: Book, session_id: str) -> SessionView:
    return book.database.read(lambda connection: get_session(connection, session_id, book.rules))


def cost_of(view: CallView) -> int:
    return sum(charge.cost_nanos for charge in view.leg.charges)


def test_a_leg_is_found_by_every_id_that_it_is_known_by(book: Book) -> None:
    told = leg()
    record_all(
        book,
        [
            told.hangup(60),
            told.record("sip-trunking", record_id="trunk"),
            told.record("amd", record_id="amd"),
        ],
    )
    for call_id in (told.call_control_id, told.leg_id, "trunk", "amd"):
        view = call(book, call_id)
        assert (view.leg.call_id, view.leg.session_id) == (told.call_control_id, told.session_id)
    with pytest.raises(NotFound):
        call(book, told.session_id)
    with pytest.raises(NotFound):
        call(book, "unknown")


def test_a_leg_that_was_renamed_is_found_by_its_old_names(book: Book) -> None:
    by_leg_id = LegIds(session_id=leg().session_id, leg_id=leg().leg_id)
    record_all(book, [by_leg_id.record("call-control", record_id="control"), leg().hangup(60)])
    for call_id in (leg().call_control_id, leg().leg_id, "control"):
        assert call(book, call_id).leg.call_id == leg().call_control_id


def test_a_silent_leg_without_leg_ids_is_found_by_sip_call_id_and_record_id(book: Book) -> None:
    record_all(book, [record("sip-trunking", session_id="s", sip_call_id="sip-1", record_id="trunk")])
    record_all(book, [record("webrtc", session_id="s", record_id="nameless")])
    assert call(book, "sip-1").leg.call_id == call(book, "trunk").leg.call_id == "sip-1"
    assert call(book, "nameless").leg.call_id == "nameless"


def test_a_name_goes_before_an_id_and_an_id_before_a_record(book: Book) -> None:
    """Ids of one system that appear in the other must not lead astray."""
    honest = LegIds("session-1", "the-same", "leg-1")
    by_leg = LegIds("session-2", "v3:two", "the-same")
    record_all(book, [by_leg.hangup(60), record("webrtc", session_id="session-3", record_id="the-same")])
    assert call(book, "the-same").leg.call_id == "the-same"
    record_all(book, [honest.hangup(60)])
    assert call(book, "the-same").leg.call_control_id == "the-same"
    assert call(book, "v3:two").leg.session_id == "session-2"
    assert_book_is_consistent(book)


def test_the_history_adds_up_to_the_cost(book: Book) -> None:
    told = leg()
    record_all(book, [told.hangup(60)])
    assert not call(book, told.leg_id).is_settled
    record_all(book, [told.record("sip-trunking", "0.005"), told.record("call-control", "0.002")])
    record_all(book, [told.record("amd", "0.0065")])
    view = call(book, told.leg_id)
    assert view.is_settled
    assert [row.kind for row in view.history] == ["estimate", "reversal", "exact", "adjustment"]
    assert sum(row.amount_nanos for row in view.history) == cost_of(view) == 13_500_000
    assert {row.currency for row in view.history} == {"USD"}


def test_a_call_that_still_rings_has_no_charge_and_no_history(book: Book) -> None:
    record_all(book, [leg().event("call.initiated")])
    view = call(book, leg().leg_id)
    assert (view.leg.charges, view.history, view.leg.call_status) == ((), (), "initiated")


def test_a_session_shows_all_its_legs_also_the_silent_ones(book: Book) -> None:
    customer, agent = leg("customer"), leg("agent")
    twin = LegIds(session_id=customer.session_id, call_control_id="v3:twin")
    elsewhere = leg("elsewhere", "elsewhere")
    record_all(
        book,
        [
            customer.hangup(60),
            customer.record("sip-trunking", "0.005"),
            customer.record("call-control", "0.002"),
            agent.hangup(60),
            twin.record("sip-trunking", "0.0062"),
            elsewhere.hangup(60),
        ],
    )
    view = session(book, customer.session_id)
    found = {one.leg.call_id: (cost_of(one), one.is_settled) for one in view.calls}
    assert found == {
        customer.call_control_id: (7_000_000, True),
        agent.call_control_id: (15_000_000, False),
        "v3:twin": (6_200_000, True),
    }
    assert view.others == ()


def test_a_session_is_known_as_soon_as_anything_names_it(book: Book) -> None:
    by_event, by_record, quarantined = leg("a", "a"), leg("b", "b"), leg("c", "c")
    only_session = LegIds(session_id=fixed_id("session d"))
    record_all(
        book,
        [
            by_event.event("call.dtmf.received"),
            only_session.record("recording", "0.002"),
            by_record.record("amd"),
            quarantined.hangup(60, quarantined=True),
        ],
    )
    assert len(session(book, by_event.session_id).calls) == 1
    assert len(session(book, by_record.session_id).calls) == 1
    assert session(book, quarantined.session_id).calls == ()
    view = session(book, only_session.session_id)
    assert (view.calls, [charge.cost_nanos for charge in view.others]) == ((), [2_000_000])
    with pytest.raises(NotFound):
        session(book, "unknown")


def test_sessions_of_one_cluster_do_not_show_each_others_legs_or_records(book: Book) -> None:
    first, second = leg("a", "first"), leg("b", "second")
    loose = LegIds(session_id=fixed_id("session third"))
    bridge = [
        LegIds(second.session_id, first.call_control_id, "").event("call.bridged", 90),
        LegIds(loose.session_id, second.call_control_id, "").event("call.bridged", 91),
    ]
    record_all(book, [first.hangup(60), second.hangup(60), loose.record("recording", "0.002"), *bridge])
    assert [one.leg.call_id for one in session(book, first.session_id).calls] == [first.call_control_id]
    view = session(book, second.session_id)
    assert [one.leg.call_id for one in view.calls] == [second.call_control_id]
    assert view.others == ()
    assert [charge.cost_nanos for charge in session(book, loose.session_id).others] == [2_000_000]
    assert call(book, second.leg_id).leg.started_at == at(0)


def test_what_is_missing_says_what_was_last_read_about_it(book: Book) -> None:
    told = leg()
    record_all(book, [told.event("call.answered", 0), told.hangup(60)])
    assert call(book, told.leg_id).last_sweeps == {}
    narrow = {"from_at": at(-10), "to_at": at(61)}
    record_all(
        book,
        [
            sweep("sip-trunking", 3, 900, **narrow),
            sweep("sip-trunking", 0, 1000, **narrow),
            sweep("sip-trunking", 0, 1100, from_at=at(1), to_at=at(61)),
            sweep("sip-trunking", 0, 1200, from_at=at(-10), to_at=at(59)),
            sweep("amd", 0, 1300, **narrow),
        ],
    )
    view = call(book, told.leg_id)
    assert view.leg.missing == ("call-control", "sip-trunking")
    assert {name: row.read_at for name, row in view.last_sweeps.items()} == {"sip-trunking": at(1000)}
    [of_session] = session(book, told.session_id).calls
    assert of_session.last_sweeps == view.last_sweeps


def test_a_silent_leg_is_not_announced(book: Book) -> None:
    record_all(book, [leg("a").event("call.initiated"), leg("b").record("sip-trunking")])
    assert call(book, leg("a").leg_id).leg.is_announced
    assert not call(book, leg("b").call_control_id).leg.is_announced
