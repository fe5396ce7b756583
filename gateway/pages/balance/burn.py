"""How fast the balance is used up, in words. Pure."""

from dataclasses import dataclass

from services.common.money import Money

_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_SHORT_S = 7 * _DAY_S


@dataclass(frozen=True, slots=True)
class BurnView:
    """`per_day` is what 24 hours use up; negative where there was more coming in. `left` is empty without an end.

    `is_short`: less than a week is left, and a negative balance ends in numbers that are deleted.
    """

    per_day: Money
    observed: str
    left: str
    is_short: bool


def burn_view(per_day: Money, observed_s: int, left_s: int | None) -> BurnView:
    """The view of a rate; `left_s` is None where the credit does not shrink."""
    return BurnView(
        per_day=per_day,
        observed=length_words(observed_s),
        left=length_words(left_s) if left_s is not None else "",
        is_short=left_s is not None and left_s < _SHORT_S,
    )


def length_words(length_s: int) -> str:
    """A length of time in whole days, or where there are few of them in hours: cut off, never rounded up."""
    if length_s >= 2 * _DAY_S:
        return f"{length_s // _DAY_S:,} days"
    hours = max(length_s, 0) // _HOUR_S
    if not hours:
        return "less than an hour"
    return "1 hour" if hours == 1 else f"{hours} hours"
