"""Amounts: read strictly, held as whole nanos, written exactly."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.money import MAX_NANOS, Money, UnreadableAmount, parse_money, parse_nanos, plain_decimal

READABLE = {
    "0": 0,
    "-0": 0,
    "0.0150": 15_000_000,
    "+1": 1_000_000_000,
    "-1.5": -1_500_000_000,
    "5.": 5_000_000_000,
    ".5": 500_000_000,
    "1.666E-4": 166_600,
    "7.0E-7": 700,
    "1e-9": 1,
    "0.000000001": 1,
    "9223372036.854775807": MAX_NANOS,
    "-9223372036.854775807": -MAX_NANOS,
    # As many zeros as one likes.
    "0.0150000000000000000000000000000000000000": 15_000_000,
    "0E+30": 0,
    "0E-30": 0,
}
UNREADABLE = {
    "": "not a decimal number: ''",
    " 1": "not a decimal number: ' 1'",
    "1\n": "not a decimal number: '1\\n'",
    ".": "not a decimal number: '.'",
    "1.5.0": "not a decimal number: '1.5.0'",
    "--1": "not a decimal number: '--1'",
    "NaN": "not a decimal number: 'NaN'",
    "Infinity": "not a decimal number: 'Infinity'",
    "1_000": "not a decimal number: '1_000'",
    "1,000": "not a decimal number: '1,000'",
    "0x10": "not a decimal number: '0x10'",
    "1e": "not a decimal number: '1e'",
    "1E+2000000": "not a decimal number: '1E+2000000'",
    "1E+31": "exponent out of range: '1E+31'",
    "1E-31": "exponent out of range: '1E-31'",
    "0.0000000001": "more than 9 decimals: '0.0000000001'",
    "1E-10": "more than 9 decimals: '1E-10'",
    "9223372036.854775808": "too large: '9223372036.854775808'",
    "-9223372036.854775808": "too large: '-9223372036.854775808'",
    "1E+30": "too large: '1E+30'",
}


def why_refused(amount: Any, currency: Any = "USD") -> str:
    with pytest.raises(UnreadableAmount) as refused:
        parse_money(amount, currency)
    return str(refused.value)


@pytest.mark.parametrize(("text", "nanos"), READABLE.items(), ids=map(repr, READABLE))
def test_what_is_an_amount_is_read_to_the_nano(text: str, nanos: int) -> None:
    assert parse_nanos(text) == nanos


@pytest.mark.parametrize(
    ("text", "reason"), UNREADABLE.items(), ids=[f"case {n}" for n in range(len(UNREADABLE))]
)
def test_what_is_none_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert why_refused(text) == reason


def test_digits_of_other_scripts_are_none() -> None:
    assert why_refused("\uff11\uff12").startswith("not a decimal number: ")


def test_a_digit_far_behind_the_ninth_decimal_is_not_rounded_away() -> None:
    assert why_refused(f"0.015{'0' * 50}1").startswith("more than 9 decimals: ")


def test_a_text_without_end_is_refused_by_its_length() -> None:
    assert parse_nanos("0" * 63 + "1") == 1_000_000_000
    assert why_refused("0" * 64 + "1") == "longer than 64 characters"


@pytest.mark.parametrize(
    ("value", "name"), [(True, "bool"), (0.015, "float"), (None, "NoneType"), (b"1", "bytes")]
)
def test_what_is_neither_text_nor_an_exact_number_is_refused(value: object, name: str) -> None:
    assert why_refused(value) == f"an amount cannot be a {name}"


def test_exact_numbers_are_read_like_their_text() -> None:
    assert parse_nanos(3) == 3_000_000_000
    assert parse_nanos(Decimal("1.666E-4")) == 166_600


@given(st.integers(-MAX_NANOS, MAX_NANOS))
def test_what_is_written_is_read_as_the_same(nanos: int) -> None:
    text = plain_decimal(nanos)
    assert parse_nanos(text) == nanos
    assert Fraction(text) == Fraction(nanos, 10**9)
    assert "E" not in text
    assert "." not in text or not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0"),
        (15_000_000, "0.015"),
        (-1, "-0.000000001"),
        (100_000_000_000, "100"),
        (-2_500_000_000, "-2.5"),
    ],
)
def test_amounts_are_written_plainly(nanos: int, text: str) -> None:
    assert plain_decimal(nanos) == text


def test_money_adds_up_within_its_currency() -> None:
    assert parse_money("0.1", "USD") + parse_money("0.2", "USD") == Money("USD", 300_000_000)
    with pytest.raises(ValueError, match=r"^cannot add EUR to USD$"):
        Money("USD", 1) + Money("EUR", 1)


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "dollars", "US1", "\uff35\uff33\uff24"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    assert why_refused("1", currency) == f"not a currency code: {currency!r}"


def test_a_currency_that_is_no_text_is_named_in_short() -> None:
    assert why_refused("1", 12345678901234567890) == "not a currency code: '1234567890123456'"
