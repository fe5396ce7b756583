"""Dividing what is looked for into windows that many share and single filters, with the fewest requests: pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from services.reconciler.reads import IdFilter
from services.reconciler.windows import MAX_WINDOW_ROWS, Window, request_count

_SINGLE_COST = 1
_MOST_GROWING = 16


@dataclass(frozen=True, slots=True)
class Member:
    """Something to look for in one record type.

    `window` must be read to find it, `reach` should be where that costs nothing more. `id_filter` finds it with one
    request whatever the time; None where no id can.
    """

    window: Window
    reach: Window
    id_filter: IdFilter | None = None

    def joined(self, other: "Member") -> "Member":
        """Both, where one filter finds both."""
        return Member(self.window.joined(other.window), self.reach.joined(other.reach), self.id_filter)


@dataclass(frozen=True, slots=True)
class Group:
    """Members that one reading serves, in about `cost` requests: by their window, or (`is_single`) by the filter."""

    members: tuple[Member, ...]
    window: Window
    cost: int
    is_single: bool = False

    @property
    def reach(self) -> Window:
        """The smallest window that spans what all members would like to be read."""
        return Window(
            min(member.reach.start_at for member in self.members),
            max(member.reach.end_at for member in self.members),
        )


@dataclass(slots=True)
class _Best:
    """The cheapest division of the members so far, as a chain: the last group, of `first` until `end`, and the one
    before. `cost` is that of the whole chain. Those `skipped` lie among the group's and have a filter each: a call that
    lasted for hours must not stretch the window that its neighbours share, nor end it.
    """

    cost: int
    first: int
    end: int
    window: Window
    is_single: bool
    before: "_Best | None"
    skipped: tuple[int, ...] = ()


class Division:
    """The cheapest division of members that are added one after the other, in order of their windows.

    A window grows over its neighbours where that is cheaper than a window or a filter of their own, but not beyond
    what can be read in one go. At equal cost windows are taken if `prefers_windows`, else filters.
    """

    def __init__(self, rows_per_s: float, *, prefers_windows: bool) -> None:
        self._rows_per_s = rows_per_s
        self._prefers_windows = prefers_windows
        self._members: list[Member] = []
        self._best: _Best | None = None
        self._growing: list[_Best] = []

    @property
    def cost(self) -> int:
        """How many requests all groups take."""
        return self._best.cost if self._best else 0

    def add(self, member: Member) -> None:
        """One more member, beginning no earlier than the last."""
        place = len(self._members)
        self._members.append(member)
        spent = self._best.cost if self._best else 0
        own_cost = request_count(member.window, self._rows_per_s)
        fresh = _Best(spent + own_cost, place, place + 1, member.window, is_single=False, before=self._best)
        grown = [
            longer for growing in self._growing for longer in _grown(growing, place, member, self._rows_per_s)
        ]
        self._growing = _promising([*grown, fresh])
        window = self._growing[0]
        single = _single(self._best, place, member)
        is_window_as_cheap = single is None or window.cost < single.cost + self._prefers_windows
        self._best = window if is_window_as_cheap else single

    def groups(self) -> list[Group]:
        """The groups, in order of time."""
        groups: list[Group] = []
        best = self._best
        while best is not None:
            cost = best.cost - (best.before.cost if best.before else 0) - _SINGLE_COST * len(best.skipped)
            shared = [place for place in range(best.first, best.end) if place not in best.skipped]
            groups += [self._single(place) for place in reversed(best.skipped)]
            groups.append(
                Group(tuple(self._members[place] for place in shared), best.window, cost, best.is_single)
            )
            best = best.before
        return groups[::-1]

    def _single(self, place: int) -> Group:
        member = self._members[place]
        return Group((member,), member.window, _SINGLE_COST, is_single=True)


def grouped(members: Iterable[Member], rows_per_s: float, *, prefers_windows: bool) -> list[Group]:
    """Each member in exactly one group, in order of time, for no more requests than reading each apart."""
    division = Division(rows_per_s, prefers_windows=prefers_windows)
    for member in sorted(members, key=lambda member: member.window):
        division.add(member)
    return division.groups()


def _grown(growing: _Best, place: int, member: Member, rows_per_s: float) -> Iterator[_Best]:
    """A group that goes on: with this member, or over it, where a filter finds it."""
    window = growing.window.joined(member.window)
    if window.length_s * rows_per_s <= MAX_WINDOW_ROWS or growing.window.spans(member.window):
        further = request_count(window, rows_per_s) - request_count(growing.window, rows_per_s)
        yield replace(growing, cost=growing.cost + further, end=place + 1, window=window)
    if member.id_filter is not None:
        skipped = (*growing.skipped, place)
        yield replace(growing, cost=growing.cost + _SINGLE_COST, end=place + 1, skipped=skipped)


def _promising(found: Iterable[_Best]) -> list[_Best]:
    """The cheapest first, and those that cost more and reach further: what is to come may lie within them."""
    kept: list[_Best] = []
    for one in sorted(found, key=lambda one: (one.cost, -one.window.length_s)):
        if not kept or one.window.end_at > kept[-1].window.end_at:
            kept.append(one)
    return kept[:_MOST_GROWING]


def _single(best: _Best | None, place: int, member: Member) -> _Best | None:
    if member.id_filter is None:
        return None
    spent = best.cost if best else 0
    return _Best(spent + _SINGLE_COST, place, place + 1, member.window, is_single=True, before=best)
