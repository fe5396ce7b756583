"""When Telnyx's silence counts (rule 3.n), and that what a sweep closed is opened again when it closes no more."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from services.ledger import tables
from services.ledger.store.book import Book
from tests.support.ledger_books import DAY_S, Fact, charge_of, record_all, sweep, usage
from tests.support.ledger_consistency import assert_book_is_consistent
from tests.support.ledger_facts import at, leg, message, message_record

HOUR_S = 3600


def state(book: Book, record_id: str = "") -> tuple[int, str]:
    """(cost in nanos, status) of a charge; of the call, if no id is given."""
    charge = charge_of(book.database, record_id or leg().call_control_id)
    return charge.cost_nanos, charge.status


def sweeps_of(book: Book) -> dict[str, Any]:
    """The rows of sweeps by type."""
    rows = book.database.read(lambda connection: connection.execute(select(tables.sweeps)).all())
    return {row.record_type: row for row in rows}


def open_types(book: Book) -> list[str]:
    """What the call still misses."""
    table = tables.open_items
    query = select(table.c.missing).where(table.c.record_id == leg().call_control_id)
    return [
        name for missing in book.database.read(lambda c: c.execute(query).scalars().all()) for name in missing
    ]


ESTIMATED = (15_000_000, "estimated")
A_CALL: list[Fact] = [leg().hangup(60), leg().record("sip-trunking", "0.005")]
"""A call of which the call-control record has not come."""

SOMEBODY = leg("somebody", "somebody")
ALIVE: list[Fact] = [
    SOMEBODY.record("sip-trunking", "0.01", -3 * DAY_S),
    sweep("sip-trunking", 1, from_at=at(-4 * DAY_S), to_at=at(-2 * DAY_S)),
]
"""The account's key has returned records of another type."""


def proof(at_s: float = 0, read_s: float = DAY_S) -> list[Fact]:
    """The query for call-control records is known to work: it has returned a row of another day."""
    window = {"from_at": at(-4 * DAY_S), "to_at": at(-3 * DAY_S)}
    return [
        SOMEBODY.record("call-control", "0", -3.5 * DAY_S + at_s),
        sweep("call-control", 1, read_s, **window),
    ]


def test_a_complete_and_proven_window_closes_the_missing_part(book: Book) -> None:
    record_all(book, [*A_CALL, *proof()])
    assert state(book) == ESTIMATED
    record_all(book, [sweep("call-control", 0)])
    assert state(book) == (5_000_000, "exact")
    assert_book_is_consistent(book)


@pytest.mark.parametrize(
    "missed",
    [
        sweep("call-control", 0, from_at=at(-HOUR_S + 1)),
        sweep("call-control", 0, to_at=at(60 + HOUR_S - 1)),
        sweep("call-control", 0, DAY_S + 59),
        sweep("call-control", 0, query_form="call-control?wrong_field[gte]@account"),
        sweep("call-control", 1),
        sweep("call-control", 0, 9 * DAY_S),
        sweep("webrtc", 0),
    ],
    ids=[
        "starts late",
        "ends early",
        "read early",
        "another form",
        "not held",
        "proof too old",
        "another type",
    ],
)
def test_anything_less_closes_nothing(book: Book, missed: Any) -> None:
    record_all(book, [*A_CALL, *proof()])
    record_all(book, [missed])
    assert state(book) == ESTIMATED
    assert_book_is_consistent(book)


def test_empty_answers_from_a_query_that_never_returned_a_row_close_nothing(book: Book) -> None:
    record_all(book, [leg().hangup(60)])
    for name in ("sip-trunking", "call-control"):
        for day in range(1, 9):
            record_all(book, [sweep(name, 0, day * DAY_S)])
    assert state(book) == ESTIMATED
    assert {row.is_proven for row in sweeps_of(book).values()} == {False}


def test_an_empty_window_is_proven_also_by_a_sweep_that_is_recorded_later(book: Book) -> None:
    record_all(book, [*A_CALL, sweep("call-control", 0)])
    assert state(book) == ESTIMATED
    record_all(book, proof())
    assert state(book) == (5_000_000, "exact")
    assert_book_is_consistent(book)


def test_a_window_counts_what_was_held_when_it_was_read(book: Book) -> None:
    found = leg("other", "other").record("call-control", "0.003", 600)
    record_all(book, [*A_CALL, sweep("call-control", 1)])
    assert sweeps_of(book)["call-control"].held_count == 0
    assert state(book) == ESTIMATED
    record_all(book, [found])
    assert sweeps_of(book)["call-control"].held_count == 1
    assert state(book) == (5_000_000, "exact")
    late = replace(found, record_id="late", observed_at=at(3 * DAY_S))
    record_all(book, [late])
    assert sweeps_of(book)["call-control"].held_count == 1
    assert_book_is_consistent(book)


def test_what_a_window_closed_opens_again_when_the_window_turns_out_wrong(book: Book) -> None:
    record_all(book, [*A_CALL, *proof(), sweep("call-control", 0)])
    assert state(book) == (5_000_000, "exact")
    unseen = leg("other", "other").record("call-control", "0.003", 600)
    record_all(book, [unseen])
    assert state(book) == (15_000_000, "exact")
    [item] = [
        row
        for row in book.database.read(lambda connection: connection.execute(select(tables.open_items)).all())
        if row.record_id == leg().call_control_id
    ]
    assert (item.missing, item.is_settled) == (["call-control"], True)
    assert_book_is_consistent(book)


def test_facts_and_their_window_in_one_batch_are_judged_together(book: Book) -> None:
    """The silent twin's record outdates the window in the same write in which the call's own record comes."""
    record_all(book, [*proof(), sweep("call-control", 0)])
    book.record_events([leg().hangup(60)])
    assert state(book) == ESTIMATED
    book.record_observations(
        [
            leg().record("sip-trunking", "0.005"),
            leg("other", "other").record("call-control", "0.003", 600),
        ]
    )
    assert state(book) == ESTIMATED
    assert_book_is_consistent(book)


@pytest.mark.parametrize("is_report_first", [True, False])
def test_usage_reports_that_show_zero_prove_an_empty_window(book: Book, is_report_first: bool) -> None:
    told: list[Fact] = [sweep("call-control", 0), usage("call-control", {0: "0"})]
    record_all(book, [*A_CALL, *ALIVE])
    record_all(book, told[::-1] if is_report_first else told)
    assert state(book) == (5_000_000, "exact")
    assert_book_is_consistent(book)


@pytest.mark.parametrize(
    "report",
    [
        usage("call-control", {0: "0.5"}),
        usage("call-control", {1: "0"}),
        usage("webrtc", {0: "0"}),
        usage("call-control", {0: "0"}, DAY_S / 2),
        usage("call-control", {0: "0"}, account_key="foreign"),
        usage("call-control", {0: "0"}, 10 * DAY_S),
    ],
    ids=["a cost", "another day", "another type", "read early", "a key without records", "records long ago"],
)
def test_usage_reports_that_do_not_show_zero_prove_nothing(book: Book, report: Any) -> None:
    record_all(book, [*A_CALL, *ALIVE, sweep("call-control", 0), report])
    assert state(book) == ESTIMATED
    assert_book_is_consistent(book)


UNUSED = usage("call-control", {0: "0"})
CORRECTED = usage("call-control", {0: "0.5"}, 2.5 * DAY_S)
CORRECTED_BACK = usage("call-control", {0: "0"}, 3 * DAY_S)
EMPTY_WINDOW = sweep("call-control", 0)


@pytest.mark.parametrize("is_last_known_first", [True, False])
@pytest.mark.parametrize(
    "reports",
    [
        [usage("call-control", {0: "0 USD, 0.5 EUR"})],
        [usage("call-control", {0: "0.5 EUR, 0 USD"})],
        [usage("call-control", {0: "0 USD"}), usage("call-control", {0: "0.5 EUR"})],
        [UNUSED, CORRECTED],
        [UNUSED, usage("call-control", {0: "0.5"}, DAY_S, "former")],
        [UNUSED, usage("call-control", {0: "-0.5"}, 2.5 * DAY_S)],
    ],
    ids=["two currencies", "the other way", "two calls, one answer", "corrected", "another key", "a credit"],
)
def test_a_day_that_cost_anything_is_not_unused(
    book: Book, reports: list[Fact], is_last_known_first: bool
) -> None:
    record_all(book, [*A_CALL, *ALIVE, EMPTY_WINDOW])
    record_all(book, reports[::-1] if is_last_known_first else reports)
    assert state(book)[0] == ESTIMATED[0]
    assert open_types(book) == ["call-control"]
    assert_book_is_consistent(book)


def test_usage_that_is_corrected_opens_what_it_had_closed_and_closes_it_again(book: Book) -> None:
    record_all(book, [*A_CALL, *ALIVE, EMPTY_WINDOW, UNUSED])
    assert (state(book), open_types(book)) == ((5_000_000, "exact"), [])
    record_all(book, [CORRECTED])
    assert (state(book), open_types(book)) == ((15_000_000, "exact"), ["call-control"])
    assert_book_is_consistent(book)
    record_all(book, [CORRECTED_BACK])
    assert (state(book), open_types(book)) == ((5_000_000, "exact"), [])
    assert_book_is_consistent(book)


@pytest.mark.parametrize("order", list(permutations((UNUSED, CORRECTED, CORRECTED_BACK, EMPTY_WINDOW))))
def test_the_last_word_counts_in_whatever_order_it_is_known(book: Book, order: tuple[Fact, ...]) -> None:
    record_all(book, [*A_CALL, *ALIVE, *order])
    assert (state(book), open_types(book)) == ((5_000_000, "exact"), [])
    assert_book_is_consistent(book)


def test_an_empty_accounts_zero_neither_proves_nor_disturbs(book: Book) -> None:
    foreign = usage("call-control", {0: "0"}, 3 * DAY_S, "foreign")
    record_all(book, [*A_CALL, *ALIVE, EMPTY_WINDOW, foreign])
    assert state(book) == ESTIMATED
    record_all(book, [UNUSED])
    assert state(book) == (5_000_000, "exact")


def test_another_accounts_key_never_turns_calls_into_exact_zeros(book: Book) -> None:
    record_all(book, [leg().hangup(60)])
    for name in ("sip-trunking", "call-control"):
        record_all(
            book, [sweep(name, 0, account_key="foreign"), usage(name, {0: "0"}, account_key="foreign")]
        )
    assert state(book) == ESTIMATED


def test_an_unanswered_call_settles_with_closed_windows_and_not_before(book: Book) -> None:
    record_all(book, [leg().hangup(20, "no_answer"), *proof()])
    assert state(book) == (0, "estimated")
    record_all(book, [sweep("call-control", 0)])
    assert state(book) == (0, "estimated")
    record_all(book, [SOMEBODY.record("sip-trunking", "0", 600), sweep("sip-trunking", 1)])
    assert state(book) == (0, "exact")
    assert_book_is_consistent(book)


def test_a_message_without_a_price_settles_once_its_window_is_closed(book: Book) -> None:
    told = message("unpriced", "message.sent")
    assert told.message is not None
    record_all(book, [told, message_record("another", at_s=600)])
    assert state(book, told.message.message_id) == (0, "estimated")
    record_all(book, [sweep("messaging", 1)])
    assert state(book, told.message.message_id) == (0, "exact")
    record_all(book, [message_record("unpriced", "0.0051", observed_s=3 * DAY_S)])
    assert state(book, told.message.message_id) == (5_100_000, "exact")
    assert_book_is_consistent(book)


def test_closing_leaves_the_records_alone_in_place_of_call_cost(book: Book) -> None:
    told = leg().call_cost(70, {"sip-trunking": "0.02", "call-control": "0.002"})
    zero_twin = leg().record("sip-trunking", "0", billed_seconds=0)
    record_all(book, [leg().hangup(60), told, zero_twin, leg().record("call-control", "0.002")])
    assert state(book) == (22_000_000, "exact")
    record_all(book, [sweep("sip-trunking", 1)])
    assert state(book) == (2_000_000, "exact")
    assert_book_is_consistent(book)


def test_windows_over_many_days_close_the_calls_of_each(book: Book) -> None:
    """A batch over many days is closed day by day, and no window is left out."""
    calls = [leg(f"day {day}", f"day {day}") for day in range(10)]
    for day, call in enumerate(calls):
        record_all(book, [call.hangup(60 - day * DAY_S, started_at=at(-day * DAY_S))])
        record_all(book, [call.record("sip-trunking", "0.005", -day * DAY_S)])
        record_all(book, [call.record("webrtc", "0", -day * DAY_S, billed_seconds=0)])
    window = {"from_at": at(-20 * DAY_S), "to_at": at(2 * DAY_S)}
    record_all(book, [*proof(), sweep("call-control", 1, 3 * DAY_S, **window)])
    assert {state(book, call.call_control_id) for call in calls} == {(5_000_000, "exact")}
    assert_book_is_consistent(book)


def test_recording_a_sweep_returns_its_row_with_what_it_is_worth(book: Book) -> None:
    record_all(book, A_CALL)
    row = book.record_sweep(sweep("sip-trunking", 1))
    assert (row.held_count, row.is_proven, row.is_applied) == (1, True, True)
    assert book.record_sweep(sweep("sip-trunking", 1)).id == row.id
    row = book.record_sweep(sweep("webrtc", 0))
    assert (row.held_count, row.is_proven, row.is_applied) == (0, False, True)
    row = book.record_sweep(sweep("sip-trunking", 5))
    assert (row.held_count, row.is_proven) == (1, True)


def test_the_horizon_of_the_settings_decides(book: Book) -> None:
    short = replace(book, rules=replace(book.rules, settle_horizon=timedelta(seconds=6)))
    record_all(short, [*A_CALL, *proof(read_s=0), sweep("call-control", 0, 60 + 6)])
    assert state(short) == (5_000_000, "exact")
