"""Amounts for people: 4 decimals at a glance, the exact amount beside it. Never rounded silently."""

from dataclasses import dataclass

from services.common.money import NANOS_PER_UNIT, Money, plain_decimal

_NANOS_PER_STEP = NANOS_PER_UNIT // 10_000


@dataclass(frozen=True, slots=True)
class ShownMoney:
    """`short` has 4 decimals; `exact` has them all; `is_rounded` where they differ.

    `is_positive` colours a balance.
    """

    short: str
    exact: str
    is_rounded: bool
    is_positive: bool
    is_zero: bool


def show_money(money: Money) -> ShownMoney:
    """An amount of any currency; dollars with their sign in front."""
    steps, rest = divmod(abs(money.nanos), _NANOS_PER_STEP)
    if rest * 2 >= _NANOS_PER_STEP:
        steps += 1
    units, decimals = divmod(steps, 10_000)
    sign = "-" if money.nanos < 0 and steps else ""
    short = f"{units:,}.{decimals:04d}"
    return ShownMoney(
        short=f"{sign}${short}" if money.currency == "USD" else f"{sign}{short} {money.currency}",
        exact=f"{plain_decimal(money.nanos)} {money.currency}",
        is_rounded=rest != 0,
        is_positive=money.nanos > 0,
        is_zero=money.nanos == 0,
    )
