"""The raw text of a fact for people: JSON with line breaks, its numbers as Telnyx wrote them. Pure.

The text is never decoded into numbers and encoded again: an amount stays `1.666E-4`, digit by digit.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

SHOWN_CHARACTERS = 32_768
"""Of one text; Telnyx's own are seldom longer than 4,000."""
PAGE_CHARACTERS = 524_288
"""Of all texts of one page together."""


@dataclass(frozen=True, slots=True)
class RawText:
    """`shown` is what the page has of it; `length` is that of the whole text, 0 where none is kept."""

    shown: str
    length: int

    @property
    def is_kept(self) -> bool:
        """The book still has the text."""
        return self.length > 0

    @property
    def is_cut(self) -> bool:
        """There is more than is shown."""
        return len(self.shown) < self.length


def pretty(text: str) -> str:
    """JSON with an indent of 2; any other text as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return text


def within_bounds(texts: Iterable[str]) -> list[RawText]:
    """Each text as far as it, and all before it, fit the bounds."""
    left = PAGE_CHARACTERS
    shown = []
    for text in texts:
        whole = pretty(text)
        part = whole[: min(SHOWN_CHARACTERS, left)]
        left -= len(part)
        shown.append(RawText(part, len(whole)))
    return shown
