"""What a press of "fetch now" may come from, and what is told of it."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.pages.fetch_outcomes import (
    Outcome,
    outcome_of_answer,
    outcome_of_error,
    told_outcome,
)
from gateway.pages.record.message_prices import told_prices
from gateway.same_origin import is_same_origin
from services.common.errors import (
    Conflict,
    NotFound,
    QuotaExhausted,
    TelnyxRefused,
    TelnyxUnreachable,
    TollbookError,
    Unavailable,
)
from services.common.money import Money

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "is_own"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null", "host": "a"}, True),
        ({"sec-fetch-site": "same-site", "origin": "https://a", "host": "a"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": ""}, False),
        ({"origin": "https://tollbook.example", "host": "tollbook.example"}, True),
        ({"origin": "http://Localhost:3000", "host": "localhost:3000"}, True),
        ({"origin": "http://localhost:3001", "host": "localhost:3000"}, False),
        ({"origin": "https://evil.example", "host": "tollbook.example"}, False),
        ({"origin": "https://evil.example/tollbook.example", "host": "tollbook.example"}, False),
        ({"origin": "null", "host": "tollbook.example"}, False),
        ({"origin": "", "host": ""}, False),
        ({"origin": "http://[", "host": "["}, False),
        ({"host": "tollbook.example"}, True),
        ({}, True),
    ],
)
def test_only_our_own_pages_may_press_the_button(headers: dict[str, str], is_own: bool) -> None:
    assert is_same_origin(headers) is is_own


@pytest.mark.parametrize(
    ("is_settled", "should_retry", "outcome"),
    [(True, False, "exact"), (False, True, "waiting"), (False, False, "unreadable")],
)
def test_the_word_for_an_answer(is_settled: bool, should_retry: bool, outcome: Outcome) -> None:
    assert outcome_of_answer(is_settled=is_settled, should_retry=should_retry) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotFound("x"), "unknown"),
        (QuotaExhausted("x"), "quota"),
        (TelnyxUnreachable("x"), "unreachable"),
        (TelnyxRefused("x"), "refused"),
        (Unavailable("x"), "away"),
        (Conflict("x"), "away"),
        (TollbookError("x"), "away"),
    ],
)
def test_the_word_for_an_error(error: TollbookError, outcome: Outcome) -> None:
    assert outcome_of_error(error) == outcome


@pytest.mark.parametrize(("word", "tone"), [("exact", "good"), ("waiting", "wait"), ("refused", "bad")])
def test_an_outcome_is_told_with_the_time_of_the_asking(word: str, tone: str) -> None:
    asked_at = NOON - timedelta(seconds=3)
    told = told_outcome(word, str(int(asked_at.timestamp())), NOON)
    assert told is not None
    assert (told.tone, told.asked_at) == (tone, asked_at)


@pytest.mark.parametrize(
    ("word", "asked"),
    [
        ("exact", ""),
        ("exact", "x"),
        ("exact", "-1"),
        ("exact", "9" * 30),
        ("exact", "١٢"),
        ("exact", str(int(NOON.timestamp()) + 1)),
        ("exact", str(int(NOON.timestamp()) - 600)),
        ("", str(int(NOON.timestamp()))),
        ("<script>", str(int(NOON.timestamp()))),
    ],
)
def test_an_old_outcome_or_one_that_is_none_is_not_told(word: str, asked: str) -> None:
    assert told_outcome(word, asked, NOON) is None


def test_each_price_that_telnyx_told_of_a_message_by_time() -> None:
    webhook = """{"data": {"event_type": "message.finalized", "id": "e", "occurred_at": "2026-11-22T12:00:00Z",
        "payload":
        {"id": "m", "cost": {"amount": "0.0051", "currency": "USD"},
         "cost_breakdown": {"carrier_fee": {"amount": "0.00305", "currency": "USD"}}}}}"""
    row = '{"uuid": "m", "created_at": "2026-11-22T12:00:00Z", "cost": 2.05E-3, "is_telnyx_billable": false}'
    events = [
        ("message.finalized", NOON + timedelta(seconds=2), webhook),
        (
            "message.sent",
            NOON,
            '{"data": {"event_type": "message.sent", "payload": {"id": "m", "cost": null}}}',
        ),
        ("message.finalized", NOON, ""),
        ("message.finalized", NOON, "no JSON"),
    ]
    records = [
        ("messaging", NOON + timedelta(seconds=1), row),
        ("messaging", NOON, ""),
        ("messaging", NOON, '{"uuid": "m", "cost": "unreadable"}'),
        ("sip-trunking", NOON, '{"id": "r", "cost": "1"}'),
        ("a-new-type", NOON, '{"id": "r", "cost": "1"}'),
    ]
    told = [
        (price.source, price.cost, price.fee, price.is_billable) for price in told_prices(events, records)
    ]
    assert told == [
        ("detail record", Money("USD", 2_050_000), None, False),
        ("message.finalized", Money("USD", 5_100_000), Money("USD", 3_050_000), True),
    ]
