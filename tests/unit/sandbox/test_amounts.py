"""Rounding and the ways to write a number."""

import random
from decimal import Decimal

import pytest

from tests.sandbox.amounts import (
    billed_seconds,
    cents_text,
    cost_per_minute,
    plain_text,
    record_text,
    scientific_text,
)


@pytest.mark.parametrize(
    ("talk_s", "step_s", "billed_s"),
    [(0, 60, 0), (1, 60, 60), (60, 60, 60), (61, 60, 120), (163, 60, 180), (181, 6, 186), (186, 6, 186)],
)
def test_time_is_billed_in_started_steps(talk_s: int, step_s: int, billed_s: int) -> None:
    assert billed_seconds(talk_s, step_s) == billed_s


def test_the_amounts_of_the_facts_come_out() -> None:
    assert cost_per_minute(Decimal("0.005"), 180) == Decimal("0.0150")
    assert cost_per_minute(Decimal("0.002"), 186) == Decimal("0.0062")


def test_scientific_notation_has_a_decimal_in_its_mantissa() -> None:
    assert scientific_text(Decimal("0.0001666")) == "1.666E-4"
    assert scientific_text(Decimal("0.0000007")) == "7.0E-7"


@pytest.mark.parametrize(
    "amount", [Decimal(text) for text in ("0", "0.015", "0.0001666", "12", "0.000000001")]
)
def test_every_text_says_the_same_amount(amount: Decimal) -> None:
    rng = random.Random(1)
    texts = {record_text(amount, rng) for _ in range(50)} | {plain_text(amount), cents_text(amount)}
    assert {Decimal(text) for text in texts} == {amount}


def test_tiny_amounts_are_always_scientific_and_others_sometimes() -> None:
    rng = random.Random(1)
    assert {record_text(Decimal("0.0001666"), rng) for _ in range(50)} == {"1.666E-4"}
    assert {record_text(Decimal("0.015"), rng) for _ in range(50)} == {"0.0150", "1.5E-2"}


def test_balances_have_two_decimals_or_more() -> None:
    assert [cents_text(Decimal(text)) for text in ("0", "31.2", "31.204")] == ["0.00", "31.20", "31.204"]
