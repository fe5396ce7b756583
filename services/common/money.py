"""Money as whole nano-units of a currency: the only form in which Tollbook ever holds an amount."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal

NANOS_PER_UNIT = 1_000_000_000
MAX_NANOS = 2**63 - 1
"""The largest amount a BIGINT column holds: about 9.2 billion dollars."""

_MAX_TEXT_LENGTH = 64
_MAX_EXPONENT = 30
_EXACT = Context(prec=_MAX_TEXT_LENGTH)
"""Holds every digit that a text may have: with fewer, what lies beyond would be rounded away unseen."""

_AMOUNT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE](?P<exponent>[+-]?[0-9]{1,4}))?", re.ASCII)
_PLAIN_AMOUNT = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?", re.ASCII)
"""What nearly every amount looks like: it fits, and needs no Decimal."""
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


class UnreadableAmount(ValueError):
    """The text is not an amount that can be booked to the nano; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount: `nanos` (1e-9) of `currency` (ISO 4217, upper case)."""

    currency: str
    nanos: int

    def __add__(self, other: "Money") -> "Money":
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.currency, self.nanos + other.nanos)


def parse_nanos(amount: str | int | Decimal) -> int:
    """Read an amount into nanos without ever passing through a binary float.

    Strict on purpose (design, section 3): ASCII digits, an optional sign and fraction, a bounded exponent.
    Raises UnreadableAmount for anything else, for more than 9 decimals and for what no BIGINT holds.
    """
    if isinstance(amount, bool) or not isinstance(amount, str | int | Decimal):
        raise UnreadableAmount(f"an amount cannot be a {type(amount).__name__}")
    text = str(amount)
    if plain := _PLAIN_AMOUNT.fullmatch(text):
        return int(plain[1]) * NANOS_PER_UNIT + int((plain[2] or "").ljust(9, "0"))
    if len(text) > _MAX_TEXT_LENGTH:
        raise UnreadableAmount(f"longer than {_MAX_TEXT_LENGTH} characters")
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise UnreadableAmount(f"not a decimal number: {text!r}")
    # int(Decimal("1E+2000000")) burns minutes of CPU: bound the exponent before any conversion.
    if abs(int(match["exponent"] or 0)) > _MAX_EXPONENT:
        raise UnreadableAmount(f"exponent out of range: {text!r}")
    scaled = Decimal(text).scaleb(9, _EXACT)
    nanos = int(scaled)
    if nanos != scaled:
        raise UnreadableAmount(f"more than 9 decimals: {text!r}")
    if abs(nanos) > MAX_NANOS:
        raise UnreadableAmount(f"too large: {text!r}")
    return nanos


def parse_money(amount: str | int | Decimal, currency: str) -> Money:
    """Like parse_nanos, with the currency checked too. Raises UnreadableAmount."""
    if not isinstance(currency, str) or _CURRENCY.fullmatch(currency) is None:
        raise UnreadableAmount(f"not a currency code: {str(currency)[:16]!r}")
    return Money(currency, parse_nanos(amount))


def plain_decimal(nanos: int) -> str:
    """Nanos as an exact decimal in plain notation: no exponent, no trailing zeros (`15000000` → `"0.015"`)."""
    sign = "-" if nanos < 0 else ""
    units, fraction = divmod(abs(nanos), NANOS_PER_UNIT)
    text = f"{sign}{units}.{fraction:09d}".rstrip("0")
    return text.rstrip(".")
