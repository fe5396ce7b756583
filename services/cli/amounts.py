"""Money for people and for JSON, exact to the last nano."""

from decimal import Decimal

from google.type import money_pb2

from services.common.money import plain_decimal
from services.common.wire import from_money


def number(money: money_pb2.Money) -> Decimal:
    """The amount as a decimal number with just its digits, for JSON."""
    return Decimal(plain_decimal(from_money(money).nanos))


def text(money: money_pb2.Money) -> str:
    """`0.015 USD`."""
    return f"{plain_decimal(from_money(money).nanos)} {money.currency_code}".rstrip()


def signed(money: money_pb2.Money) -> str:
    """`+0.015 USD`: an amount that moves something."""
    nanos = from_money(money).nanos
    return f"{'+' if nanos > 0 else ''}{text(money)}"
