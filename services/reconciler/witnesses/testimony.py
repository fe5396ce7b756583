"""What each witness says of one session's cost, before anybody compares them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.common.money import Money

WitnessName = Literal["detail_records", "call_cost", "session_analysis"]
Sums = dict[tuple[str, str], int]
"""Nanos by record type and currency."""


@dataclass(frozen=True, slots=True)
class PartCost:
    """What one part costs. `call_id`: the leg it belongs to; empty where it belongs to none, or nobody tells."""

    record_type: str
    cost: Money
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCost:
    """The `call.cost` of one leg that counts: its latest with an amount (design, rule 3.d).

    `call_id` is empty where it named the session only.
    """

    call_id: str
    total: Money | None
    parts: tuple[PartCost, ...] = ()

    @property
    def costs(self) -> tuple[Money, ...]:
        """What the leg cost: the total, or the parts where none is told."""
        return (self.total,) if self.total else tuple(part.cost for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStory:
    """One session as the ledger has it. `leg_costs`: what `call.cost` told, one per leg that told anything.

    `forgotten_count`: `call.cost` events whose bodies are no longer kept.
    """

    session_id: str
    start_at: datetime | None
    is_exact: bool
    leg_count: int
    records: tuple[PartCost, ...] = ()
    leg_costs: tuple[LegCost, ...] = ()
    forgotten_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Telnyx's session analysis: its total, and each event that has a cost of its own."""

    total: Money | None
    events: tuple[PartCost, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """One witness's word. `costs`: one per currency, of what it sees. `message`: what that is, or why it is silent."""

    name: WitnessName
    message: str
    costs: tuple[Money, ...] = ()
    parts: tuple[PartCost, ...] = ()
    has_spoken: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """The witnesses, and one sentence for each thing in which two of them do not agree."""

    witnesses: tuple[Witness, ...]
    differences: tuple[str, ...]


def sums_of(parts: Iterable[PartCost]) -> Sums:
    """The parts added up by record type and currency."""
    sums: Sums = {}
    for part in parts:
        key = (part.record_type, part.cost.currency)
        sums[key] = sums.get(key, 0) + part.cost.nanos
    return sums


def parts_of(sums: Sums) -> tuple[PartCost, ...]:
    """Sums as parts, in the order of their names."""
    return tuple(PartCost(name, Money(currency, nanos)) for (name, currency), nanos in sorted(sums.items()))


def added_up(costs: Iterable[Money]) -> tuple[Money, ...]:
    """One amount per currency."""
    sums: dict[str, int] = {}
    for cost in costs:
        sums[cost.currency] = sums.get(cost.currency, 0) + cost.nanos
    return tuple(Money(currency, nanos) for currency, nanos in sorted(sums.items()))
