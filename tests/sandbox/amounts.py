"""Money and rounding as Telnyx does them: exact decimals, started minutes, and more than one way to write a number.

Source: Telnyx facts, sections 3 (scientific notation) and 4 (rounding).
"""

import random
from decimal import Decimal

CURRENCY = "USD"
PSTN_STEP_S = 60
ON_NET_STEP_S = 6
ZERO = Decimal(0)


def billed_seconds(talk_s: int, step_s: int) -> int:
    """Rounded up to started steps: 61 s of PSTN bill 120."""
    return -(-talk_s // step_s) * step_s


def cost_per_minute(rate: Decimal, billed_s: int) -> Decimal:
    """Exact for every rate and step used here: a rate has few decimals and a step divides the minute by 1 or 10."""
    return rate * billed_s / 60


def plain_text(amount: Decimal) -> str:
    """Plain notation without trailing zeros: what the bill of the sandbox is written in."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def cents_text(amount: Decimal) -> str:
    """With at least two decimals, as balances are written: `31.20`, `31.204999`."""
    text = plain_text(amount)
    return text if "." in text and text.partition(".")[2][1:] else f"{amount:.2f}"


def scientific_text(amount: Decimal) -> str:
    """`1.666E-4`, `7.0E-7`: a mantissa with at least one decimal, as measured."""
    mantissa, exponent = f"{amount.normalize():E}".split("E")
    mantissa = mantissa if "." in mantissa else f"{mantissa}.0"
    return f"{mantissa}E{int(exponent)}"


def record_text(amount: Decimal, rng: random.Random) -> str:
    """How a detail record writes an amount: tiny ones in scientific notation, now and then a larger one too."""
    if amount and (amount < Decimal("0.001") or rng.random() < 0.1):
        return scientific_text(amount)
    decimals = max(4, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{decimals}f}"
