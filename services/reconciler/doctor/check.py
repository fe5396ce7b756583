"""One thing that the doctor looked at: what was found, and what to do."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, TypeVar

CheckStatus = Literal["ok", "warning", "failure", "unknown"]

_MOST_NAMED = 3

Observed = TypeVar("Observed")
Further = TypeVar("Further")


@dataclass(frozen=True, slots=True)
class Check:
    """`finding` and `advice` are sentences; `advice` is empty where nothing is to be done."""

    name: str
    status: CheckStatus
    finding: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """A part that did not answer, and why."""

    reason: str


def examined(name: str, observed: Observed | Silence, judge: Callable[[Observed], Check]) -> Check:
    """The check of what was observed; unknown where the part that could tell is silent."""
    if isinstance(observed, Silence):
        return Check(name, "unknown", f"It could not be examined: {observed.reason}.")
    return judge(observed)


def both(one: Observed | Silence, other: Further | Silence) -> tuple[Observed, Further] | Silence:
    """Two observations for one check; silent if either is."""
    if isinstance(one, Silence):
        return one
    return other if isinstance(other, Silence) else (one, other)


def listed(names: Collection[str]) -> str:
    """Some names in a sentence, the first few and how many more there are."""
    ordered = sorted(names)
    rest = len(ordered) - _MOST_NAMED
    named = ", ".join(ordered[:_MOST_NAMED])
    return f"{named} and {rest} more" if rest > 0 else named
