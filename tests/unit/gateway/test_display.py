"""Amounts for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.money import show_money
from services.common.money import Money, parse_nanos


@pytest.mark.parametrize(
    ("nanos", "short", "exact"),
    [
        (31_270_000_000, "$31.2700", "31.27 USD"),
        (15_000_000, "$0.0150", "0.015 USD"),
        (166_600, "$0.0002", "0.0001666 USD"),
        (50_000, "$0.0001", "0.00005 USD"),
        (49_999, "$0.0000", "0.000049999 USD"),
        (-49_999, "$0.0000", "-0.000049999 USD"),
        (-1_500_000_000, "-$1.5000", "-1.5 USD"),
        (1_234_567_890_123_456, "$1,234,567.8901", "1234567.890123456 USD"),
        (0, "$0.0000", "0 USD"),
        (999_999_950_000, "$1,000.0000", "999.99995 USD"),
    ],
)
def test_four_decimals_are_shown_and_all_are_told(nanos: int, short: str, exact: str) -> None:
    shown = show_money(Money("USD", nanos))
    assert (shown.short, shown.exact, shown.is_positive) == (short, exact, nanos > 0)


def test_other_currencies_are_named() -> None:
    assert show_money(Money("EUR", -2_500_000_000)).short == "-2.5000 EUR"


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_what_is_shown_is_never_further_off_than_half_a_step(nanos: int) -> None:
    shown = show_money(Money("USD", nanos))
    assert abs(parse_nanos(shown.short.replace("$", "").replace(",", "")) - nanos) <= 50_000
    assert parse_nanos(shown.exact.removesuffix(" USD")) == nanos
