"""What is wrong with the entries of one charge; of a sound book nothing (design, section 3, and rule 3.i)."""

import re
from collections.abc import Sequence
from typing import Protocol

from services.common.money import plain_decimal
from services.ledger.journal import Booked

_INITIALS = {"estimate": "e", "reversal": "r", "exact": "x", "adjustment": "a"}
_ORDER = re.compile(r"e*(?:r?xa*)?")
"""A charge is estimated, any number of times; then settled, once; then adjusted."""


class PostedEntry(Protocol):
    """An entry as it stands in the journal."""

    @property
    def kind(self) -> str: ...

    @property
    def amount_nanos(self) -> int: ...

    @property
    def cost_after_nanos(self) -> int: ...


def entry_faults(booked: Booked, entries: Sequence[PostedEntry]) -> list[str]:
    """Sentences about a charge and its entries, which are in the order in which they were booked."""
    if not entries:
        return ["it was booked without an entry"]
    told = []
    cost = 0
    for position, entry in enumerate(entries, 1):
        cost += entry.amount_nanos
        if entry.cost_after_nanos != cost:
            told.append(
                f"its entries come to {plain_decimal(cost)} with the one in place {position}, which says "
                f"{plain_decimal(entry.cost_after_nanos)}"
            )
    if cost != booked.cost_nanos:
        told.append(
            f"its entries come to {plain_decimal(cost)}, and it costs {plain_decimal(booked.cost_nanos)}"
        )
    kinds = [entry.kind for entry in entries]
    if _ORDER.fullmatch("".join(_INITIALS.get(kind, "?") for kind in kinds)) is None:
        told.append(f"its entries are not in the order in which charges are booked: {', '.join(kinds)}")
    if ("exact" in kinds) != (booked.settled_at is not None):
        told.append("whether it is settled is not what its entries say")
    return told
