"""What a text finds: numbers and ids whole and by index, words anywhere and only in what can be looked through."""

from functools import partial
from typing import Any

import pytest

from services.common.errors import InvalidInput
from services.ledger.store import text_search
from services.ledger.store.book import Book
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import ORDERS
from services.ledger.store.charge_pages import list_charges
from services.ledger.store.sum_rows import Grouping, asks_for_parts
from services.ledger.store.summaries import summarize
from tests.support.ledger_books import DAY_S, record_batch
from tests.support.ledger_facts import (
    CUSTOMER,
    OURS,
    LegIds,
    at,
    fixed_id,
    leg,
    message,
    message_record,
    record,
)

GROUPINGS: tuple[Grouping | None, ...] = (
    *(None, "day", "number", "recordType"),
    *("part", "dayAndPart", "weekAndPart", "monthAndPart"),
)
NEIGHBOUR = "+12025550101"
STRANGER = "sip:Anna_50%@example.com"


@pytest.fixture
def filled(book: Book) -> Book:
    """Calls, messages and others, among them decoys: ids that begin alike, numbers that contain one another."""
    twin = leg("twin", "talk")
    record_batch(
        book,
        [
            leg("one", "talk").hangup(60),
            twin.record("sip-trunking", "0.002", 5),
            leg("two", "other talk").hangup(60, started_at=at(DAY_S), from_number=NEIGHBOUR),
            leg("three", "third").hangup(
                60, started_at=at(2 * DAY_S), direction="inbound", from_number=STRANGER, to_number=OURS
            ),
            leg("self", "self").hangup(60, started_at=at(3 * DAY_S), from_number=OURS, to_number=NEIGHBOUR),
            message("sms", total="0.005", at_s=4 * DAY_S),
            message_record("sms", "0.005", at_s=4 * DAY_S),
            record("inference", "0.001", 5 * DAY_S, record_id="tokens-1", from_number="", to_number=""),
            record("inference", "0.002", 5 * DAY_S, record_id="tokens-10", from_number="", to_number=""),
        ],
    )
    return book


def found(book: Book, text: str, **fields: Any) -> set[str]:
    """Record ids, the same in every order and page by page; and the sums agree with them."""
    wanted = ChargeFilter(text=text, **fields)
    answers = []
    for order in ORDERS:
        rows, cursor = _page(book, wanted, order, "")
        while cursor:
            more, cursor = _page(book, wanted, order, cursor)
            rows += more
        answers.append(sorted((row.record_id, row.cost_nanos) for row in rows))
    assert all(answer == answers[0] for answer in answers), answers
    for grouping in GROUPINGS:
        sums = book.database.read(partial(summarize, wanted=wanted, grouping=grouping))
        cost = sum(totals.total_nanos for of_key in sums.values() for totals in of_key.values())
        assert cost == sum(nanos for _, nanos in answers[0]), grouping
        if not asks_for_parts(grouping):
            count = sum(totals.count for of_key in sums.values() for totals in of_key.values())
            assert count == len(answers[0])
    return {record_id for record_id, _ in answers[0]}


def _page(book: Book, wanted: ChargeFilter, order: Any, cursor: str) -> tuple[list[Any], str]:
    return book.database.read(lambda connection: list_charges(connection, wanted, 2, cursor, order))


def call(name: str) -> str:
    return leg(name).call_control_id


@pytest.mark.parametrize("text", [NEIGHBOUR, "12025550101", "+1 (202) 555-0101", "  1 202.555.0101 "])
def test_a_whole_number_is_found_on_either_side_and_each_charge_once(filled: Book, text: str) -> None:
    assert found(filled, text) == {call("two"), call("self")}


def test_a_number_of_ours_and_the_rest_of_the_filter(filled: Book) -> None:
    everything = {call(name) for name in ("one", "twin", "three", "self")} | {fixed_id("message sms")}
    assert found(filled, OURS) == everything
    assert found(filled, OURS, kind="sms") == {fixed_id("message sms")}
    assert found(filled, OURS, direction="inbound") == {call("three")}
    assert found(filled, OURS, from_at=at(DAY_S), to_at=at(3 * DAY_S)) == {call("three")}
    assert found(filled, OURS, phone_number=NEIGHBOUR) == set()
    assert found(filled, NEIGHBOUR, phone_number=OURS) == {call("self")}
    assert found(filled, CUSTOMER, phone_number=NEIGHBOUR) == {call("two")}
    assert found(filled, NEIGHBOUR, status="exact") == set()


def test_a_whole_number_that_nobody_has_is_nothing_and_its_digits_are_a_part_of_others(filled: Book) -> None:
    assert found(filled, "+2025550101") == set()
    assert found(filled, "2025550101") == {call("two"), call("self")}
    assert found(filled, "(202) 555-01") == found(filled, "20255501") != set()


def test_ids_of_every_kind_name_their_charges_and_no_others(filled: Book) -> None:
    one = leg("one", "talk")
    assert found(filled, one.call_control_id) == {call("one")}
    assert found(filled, one.leg_id) == {call("one")}
    assert found(filled, one.session_id) == {call("one"), call("twin")}
    assert found(filled, fixed_id("message sms")) == {fixed_id("message sms")}
    assert found(filled, "inference:tokens-1") == {"inference:tokens-1"}
    assert found(filled, "tokens-1") == {"inference:tokens-1"}
    of_twin = leg("twin", "talk").record("sip-trunking", "0.002", 5).record_id
    assert found(filled, of_twin) == {call("twin")}
    assert found(filled, one.session_id, kind="sms") == set()
    assert found(filled, one.session_id, status="exact") == {call("twin")}


def test_a_name_that_a_leg_had_before_it_was_joined_finds_the_leg(book: Book) -> None:
    whole = leg("one", "talk")
    record_batch(
        book, [LegIds(session_id=whole.session_id, leg_id=whole.leg_id).record("call-control", "0.006")]
    )
    assert found(book, whole.leg_id) == {whole.leg_id}
    record_batch(book, [whole.hangup(60)])
    assert found(book, whole.leg_id) == {whole.call_control_id}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("call to", {"one", "twin", "two", "self"}),
        ("CALL FROM", {"three"}),
        ("anna_50%", {"three"}),
        ("a_n", set()),
        ("50%", {"three"}),
        ("%", {"three"}),
        ("_", {"three"}),
        ("\\", set()),
        ("0.015/", {"one", "two", "three", "self"}),
        ("'; DROP TABLE telnyx_billing; --", set()),
    ],
)
def test_words_are_looked_for_as_they_are_whatever_their_case(
    filled: Book, text: str, names: set[str]
) -> None:
    assert found(filled, text) == {call(name) for name in names}


def test_words_are_looked_for_in_record_ids_too(filled: Book) -> None:
    assert found(filled, "TOKENS") == {"inference:tokens-1", "inference:tokens-10"}
    assert found(filled, "tokens", from_at=at(6 * DAY_S)) == set()


def test_only_ascii_letters_are_the_same_in_both_cases(book: Book) -> None:
    parties = {"direction": "inbound", "from_number": "sip:MÜLLER@example.com", "to_number": OURS}
    record_batch(book, [leg("one").hangup(60, **parties)])
    assert found(book, "mÜller") == {call("one")}
    assert found(book, "MÜLLER") == {call("one")}
    assert found(book, "müller") == set()


def test_too_many_to_look_through_says_what_to_do(filled: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_search, "MOST_SEARCHED", 2)
    with pytest.raises(InvalidInput, match="narrow the range") as refused:
        found(filled, "call")
    assert refused.value.field == "text"
    assert "8 charges" in str(refused.value)
    # What an index finds, and what the rest of the filter leaves few of, is found all the same.
    assert found(filled, OURS) != set()
    assert found(filled, leg("one").leg_id) == {call("one")}
    assert found(filled, "call", from_at=at(2 * DAY_S), to_at=at(3 * DAY_S - 1)) == {call("three")}


@pytest.mark.parametrize("text", ["a" * 257, "a\x00b", "a\nb", "\x7f"])
def test_what_is_no_text_to_search_for_is_refused(filled: Book, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        found(filled, text)
    assert refused.value.field == "text"


def test_blanks_alone_ask_for_nothing(filled: Book) -> None:
    assert found(filled, "   ") == found(filled, "")
