"""Shares and changes of amounts, in whole tenths of a percent: integers all the way. Pure."""

from dataclasses import dataclass

from services.common.money import Money

_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole. `percent` is a number for machines (`98.2`), `text` for people.

    Rounded down, so that 100 % means all of it.
    """

    tenths: int
    is_trace: bool = False

    @property
    def percent(self) -> str:
        """As a plain number; `98.2`."""
        return f"{self.tenths // 10}.{self.tenths % 10}".removesuffix(".0")

    @property
    def text(self) -> str:
        """With its sign; something is never called nothing."""
        return "less than 0.1 %" if self.is_trace else f"{self.percent} %"


@dataclass(frozen=True, slots=True)
class Change:
    """From one amount to another. `percent` is empty where the first was nothing to compare with."""

    word: str
    amount: Money
    percent: str


def share_of(part: int, whole: int) -> Share | None:
    """Which share of `whole` the `part` is; None where there is no whole."""
    if whole <= 0:
        return None
    tenths = min(max(part * _WHOLE // whole, 0), _WHOLE)
    return Share(tenths, is_trace=part > 0 and tenths == 0)


def change_of(before: Money, after: Money) -> Change:
    """How an amount has changed: `up`, `down` or `same`, by how much, and by how many percent."""
    difference = after.nanos - before.nanos
    if difference == 0:
        return Change("same", Money(after.currency, 0), "")
    word = "up" if difference > 0 else "down"
    percent = _percent(abs(difference), before.nanos) if before.nanos > 0 else ""
    return Change(word, Money(after.currency, abs(difference)), percent)


def _percent(part: int, whole: int) -> str:
    tenths = (part * _WHOLE * 2 + whole) // (whole * 2)
    return f"{tenths // 10:,}.{tenths % 10} %" if tenths else "less than 0.1 %"
