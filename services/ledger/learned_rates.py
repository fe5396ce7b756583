"""What calls cost per minute, learned from those whose exact cost is known.

Calls are grouped by direction and by the beginning of the other party's number: from its country's calling code to six
digits more, so that the data decide how far a destination goes. SIP addresses are a group of their own. The most
precise group with enough calls speaks, in the end that of all calls of a direction.

A group's rate is the median of its calls' costs per billed minute, each call weighed with its minutes: of all rates the
one from which estimates of these calls lie the least far off, and one that a few odd calls do not move.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from services.ledger.calling_codes import calling_code_length, number_digits
from services.ledger.estimate import billed_s, is_on_net

SOURCE = "learned"
MIN_CALLS = 20
"""Fewer calls than these make no rate."""

_MAX_CALLS = 200
"""Of each group only the newest count: a changed price is learned after half as many calls."""

_MAX_FURTHER_DIGITS = 6
_SECONDS_PER_MINUTE = 60
_ON_NET = "sip"
_ALL = ""

Group = tuple[str, str]
"""(direction, beginning of the other party's number; "sip" for SIP addresses, "" for all)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactCall:
    """A call that was estimated once and whose cost is known: all of it, in the account's currency."""

    direction: str
    other_party: str
    talk_time: timedelta
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class LearnedRates:
    """Nanos per minute by group; empty until enough is known."""

    nanos_per_minute: Mapping[Group, int] = field(default_factory=dict)

    def find(self, direction: str, other_party: str) -> int | None:
        """The rate for a call, in nanos per minute; None while nothing is known of any call like it."""
        known = self.nanos_per_minute
        if not known:
            return None
        return next((known[group] for group in _groups(direction, other_party) if group in known), None)


NOTHING_LEARNED = LearnedRates()


def learn_rates(calls: Iterable[ExactCall]) -> LearnedRates:
    """The rates that calls show, of which the newest come first. Calls without talk time teach nothing."""
    seen: dict[Group, list[tuple[int, int]]] = defaultdict(list)
    for call in calls:
        if not call.talk_time:
            continue
        seconds = billed_s(call.talk_time, is_on_net(call.other_party))
        # Rounded: both sides are exact, and half a nano per minute is nothing.
        rate = (call.cost_nanos * _SECONDS_PER_MINUTE + seconds // 2) // seconds
        for group in _groups(call.direction, call.other_party):
            if len(seen[group]) < _MAX_CALLS:
                seen[group].append((rate, seconds))
    return LearnedRates({group: _median(rates) for group, rates in seen.items() if len(rates) >= MIN_CALLS})


def _groups(direction: str, other_party: str) -> list[Group]:
    """The groups of a call, the most precise first."""
    if is_on_net(other_party):
        return [(direction, _ON_NET), (direction, _ALL)]
    digits = number_digits(other_party)
    if not digits:
        return [(direction, _ALL)]
    shortest = calling_code_length(digits)
    lengths = range(shortest + _MAX_FURTHER_DIGITS, shortest - 1, -1)
    return [*((direction, digits[:length]) for length in lengths), (direction, _ALL)]


def _median(rates: Iterable[tuple[int, int]]) -> int:
    """The rate at which half of the weight is reached; each is (rate, weight), and there is at least one."""
    in_order = sorted(rates)
    left = sum(weight for _, weight in in_order)
    whole = left
    for rate, weight in in_order:
        left -= weight
        if 2 * left <= whole:
            return rate
    raise AssertionError("nothing of the weight is left after the last")
