"""Which process is to be killed where, in what order: pure, and the same for the same seed."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_MOST_PASSES: Final = (
    ("gateway.webhook.", 60),
    ("gateway.batch.", 20),
    ("ledger.events.", 20),
    ("ledger.observations.", 8),
    ("telnyx_gateway.request.", 20),
    ("telnyx_gateway.page.", 12),
    ("reconciler.page.", 6),
    ("reconciler.window.", 6),
)
"""What is passed many times a second lets its process live for a moment first."""

_FIRST: Final = ("reconciler.day.", "reconciler.usage.", "reconciler.charges.")
"""What is done only so often is killed before anything else: days are closed within seconds of a start."""

_AFTER: Final = {"ledger.intake.claimed": "ledger.intake.appended"}
"""What only happens when another kill has left something to do comes right behind that."""

_LONGEST_LIFE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One SIGKILL: of itself, at a place, when it passes there the n-th time; or, without a place, by ours."""

    place: str = ""
    passes: int = 1
    after_s: float = 0.0
    """After its start: where there is no place."""
    is_scarce: bool = False
    """What passes there comes to an end: it is killed first, while nothing else is."""

    @property
    def failpoints(self) -> str:
        """The setting with which the process is started."""
        return f"{self.place}=kill@{self.passes}" if self.place else ""


Plan = Mapping[str, Sequence[Kill]]
"""The kills of each service, in their order."""


def kills_of(places: Iterable[str], random_count: int, rng: random.Random) -> list[Kill]:
    """A kill at each of these places, and so many at random moments, well mixed."""
    ordered = [*places, *[""] * random_count]
    rng.shuffle(ordered)
    ordered.sort(key=_turn)
    for place, other in _AFTER.items():
        if place in ordered and other in ordered:
            ordered.remove(place)
            ordered.insert(ordered.index(other) + 1, place)
    return [_kill(place, rng) for place in ordered]


def _turn(place: str) -> int:
    return next((turn for turn, beginning in enumerate(_FIRST) if place.startswith(beginning)), len(_FIRST))


def _kill(place: str, rng: random.Random) -> Kill:
    if not place:
        return Kill(after_s=rng.uniform(0.0, _LONGEST_LIFE_S))
    most = next((count for beginning, count in _MOST_PASSES if place.startswith(beginning)), 1)
    return Kill(place, rng.randint(1, most), is_scarce=_turn(place) < len(_FIRST))
