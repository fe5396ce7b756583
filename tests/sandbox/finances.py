"""The money of the account that no detail record shows: top-ups, monthly and one-time charges, taxes, credits.

Source: Telnyx facts, sections 5 (what moves the balance) and 6 (charges_summary).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from tests.sandbox.amounts import ZERO
from tests.sandbox.settings import Settings

Kind = Literal["top_up", "new_mrc", "existing_mrc", "new_otc", "credits", "ledger_adjustments", "other"]
CHARGE_KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "top_up")
_CENT = Decimal("0.01")
_DAY = timedelta(days=1)
_TAX_AFTER_MIDNIGHT = timedelta(minutes=5)
_MONTHLY_AFTER_MIDNIGHT = timedelta(minutes=10)

UsageByDay = Callable[[], Mapping[date, Decimal]]


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of the balance that is no usage. `amount` is what is paid in, or charged; credits are negative."""

    at: datetime
    kind: Kind
    amount: Decimal
    description: str

    @property
    def effect(self) -> Decimal:
        """On the balance."""
        return self.amount if self.kind == "top_up" else -self.amount


class Finances:
    """Books movements as they fall due: taxes each day for the day before, monthly charges on the first of a month.

    What was booked stays as it is, also when a record of that day turns up later.
    """

    def __init__(self, settings: Settings, opened_at: datetime) -> None:
        self._settings = settings
        self._advanced_to = opened_at
        self._movements: list[Movement] = []

    def book(self, kind: Kind, amount: Decimal, at: datetime, description: str = "") -> None:
        """Add a movement of anyone's making."""
        self._movements.append(Movement(at, kind, amount, description or kind))

    def reopen(self, opened_at: datetime) -> None:
        """Let the account be older than it was: what falls due since then is booked too."""
        self._advanced_to = min(self._advanced_to, opened_at)

    def advance(self, now: datetime, usage_by_day: UsageByDay) -> None:
        """Book what has fallen due since the last time."""
        usage: Mapping[date, Decimal] | None = None
        day = self._advanced_to.astimezone(UTC).date()
        while day <= now.astimezone(UTC).date():
            midnight = datetime.combine(day, time(), UTC)
            if self._advanced_to < (taxed_at := midnight + _TAX_AFTER_MIDNIGHT) <= now:
                usage = usage_by_day() if usage is None else usage
                self._book_due("other", self._tax(usage.get(day - _DAY, ZERO)), taxed_at, "taxes")
            if day.day == 1 and self._advanced_to < (charged_at := midnight + _MONTHLY_AFTER_MIDNIGHT) <= now:
                self._book_due("existing_mrc", Decimal(self._settings.monthly_charge), charged_at, "numbers")
            day += _DAY
        self._advanced_to = max(self._advanced_to, now)

    def recharge(self, balance: Decimal, at: datetime) -> bool:
        """Top up as an account with automatic recharge does; whether it was needed."""
        needed = self._settings.recharge_below is not None and balance < Decimal(
            self._settings.recharge_below
        )
        if needed:
            self.book("top_up", Decimal(self._settings.recharge_amount), at, "automatic recharge")
        return needed

    def recharge_over(self, opening: Decimal, spent: Iterable[tuple[datetime, Decimal]]) -> None:
        """Top up in the past, whenever what was `spent`, each at its moment, made it necessary."""
        moved = [(each.at, -each.effect) for each in self._movements]
        balance = opening
        for at, amount in sorted([*spent, *moved]):
            balance -= amount
            if self.recharge(balance, at):
                balance += self._movements[-1].amount

    def effect(self, until: datetime) -> Decimal:
        """Of all movements so far on the balance."""
        return sum((each.effect for each in self._movements if each.at <= until), ZERO)

    def between(self, start: datetime, end: datetime) -> Sequence[Movement]:
        """From `start` to before `end`, in order."""
        return sorted((each for each in self._movements if start <= each.at < end), key=lambda each: each.at)

    def total(self, kind: Kind) -> Decimal:
        """Of all movements of one kind."""
        return sum((each.amount for each in self._movements if each.kind == kind), ZERO)

    def _tax(self, usage: Decimal) -> Decimal:
        return (usage * Decimal(self._settings.tax_percent) / 100).quantize(_CENT, ROUND_HALF_UP)

    def _book_due(self, kind: Kind, amount: Decimal, at: datetime, description: str) -> None:
        if amount:
            self.book(kind, amount, at, description)
