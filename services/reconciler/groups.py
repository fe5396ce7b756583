"""Dividing what is looked for into windows that many share and single filters, with the fewest requests: pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.reconciler.reads import IdFilter
from services.reconciler.windows import MAX_WINDOW_ROWS, Window, request_count

_SINGLE_COST = 1


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
    before. `cost` is that of the whole chain."""

    cost: int
    first: int
    end: int
    window: Window
    is_single: bool
    before: "_Best | None"


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
        self._growing: _Best | None = None

    @property
    def cost(self) -> int:
        """How many requests all groups take."""
        return self._best.cost if self._best else 0

    def add(self, member: Member) -> None:
        """One more member, beginning no earlier than the last."""
        place = len(self._members)
        self._members.append(member)
        growing = self._growing = _grown(self._growing, self._best, place, member, self._rows_per_s)
        single = _single(self._best, place, member)
        is_window_as_cheap = single is None or growing.cost < single.cost + self._prefers_windows
        self._best = growing if is_window_as_cheap else single

    def groups(self) -> list[Group]:
        """The groups, in order of time."""
        groups: list[Group] = []
        best = self._best
        while best is not None:
            cost = best.cost - (best.before.cost if best.before else 0)
            groups.append(
                Group(tuple(self._members[best.first : best.end]), best.window, cost, best.is_single)
            )
            best = best.before
        return groups[::-1]


def grouped(members: Iterable[Member], rows_per_s: float, *, prefers_windows: bool) -> list[Group]:
    """Each member in exactly one group, in order of time, for no more requests than reading each apart."""
    division = Division(rows_per_s, prefers_windows=prefers_windows)
    for member in sorted(members, key=lambda member: member.window):
        division.add(member)
    return division.groups()


def _grown(growing: _Best | None, best: _Best | None, place: int, member: Member, rows_per_s: float) -> _Best:
    """The cheapest division that ends with a window: the growing one reaches this member too, or a new one begins."""
    spent = best.cost if best else 0
    own_cost = request_count(member.window, rows_per_s)
    fresh = _Best(spent + own_cost, place, place + 1, member.window, is_single=False, before=best)
    if growing is None:
        return fresh
    window = growing.window.joined(member.window)
    if window.length_s * rows_per_s > MAX_WINDOW_ROWS and not growing.window.spans(member.window):
        return fresh
    spent = growing.before.cost if growing.before else 0
    cost = spent + request_count(window, rows_per_s)
    if cost > fresh.cost:
        return fresh
    return _Best(cost, growing.first, place + 1, window, is_single=False, before=growing.before)


def _single(best: _Best | None, place: int, member: Member) -> _Best | None:
    if member.id_filter is None:
        return None
    spent = best.cost if best else 0
    return _Best(spent + _SINGLE_COST, place, place + 1, member.window, is_single=True, before=best)
