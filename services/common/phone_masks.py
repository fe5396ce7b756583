"""Phone numbers as logs, errors and reasons may show them."""

import re
from typing import Final

_E164: Final = re.compile(r"\+[0-9]{7,15}(?![0-9])", re.ASCII)
_MASK: Final = "***"


def mask_number(number: str) -> str:
    """`+12025550131` → `+1202***0131`; anything short becomes `***`."""
    if len(number) < 9:
        return _MASK
    return f"{number[:5]}{_MASK}{number[-4:]}"


def mask_numbers(text: str) -> str:
    """A text with every phone number in it (E.164) masked."""
    return _E164.sub(lambda match: mask_number(match[0]), text)
