"""What a backfill has to do: days × types × method × retention × claims → readings and reports. Pure.

Each (type, day) is booked from one source. The Detail Records API is asked for days that it still keeps; batch
reports serve days beyond that, for the five types of which Telnyx makes reports (Telnyx facts, section 6).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from services.common.times import utc_day
from services.reconciler.backfill.days import ONE_DAY, Days, DayState, TypeDay, spoken
from services.reconciler.retention import KEPT

Method = Literal["auto", "windows", "reports"]

REPORT_TYPES = ("sip-trunking", "call-control", "webrtc", "messaging", "fax")
"""The types of which there are batch reports."""

REPORT_FORM = "report "
"""Begins the form of query of a sweep that is a report."""

REPORT_AGE = timedelta(days=2)
"""A day goes into a report when it is this old: records come hours late, and reports miss the last hours."""

_UNCLAIMED = DayState()


@dataclass(frozen=True, slots=True)
class Order:
    """One batch report to order: the days of one calendar month (31 at most) that are wanted from it."""

    record_type: str
    days: tuple[date, ...]

    @property
    def span(self) -> Days:
        """From its first to its last day."""
        return Days(min(self.days), max(self.days) + ONE_DAY)

    @property
    def month(self) -> tuple[int, int]:
        """The year and the month of its days."""
        return self.days[0].year, self.days[0].month


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be read, newest first.

    `provable`: days that the API certainly still has, so that a reading of them is a sweep. `unprovable`: older ones,
    of which it may have lost some or all: what comes is booked, what does not come proves nothing. `skipped`: units
    that need nothing. `troubles`: what cannot be done at all, one sentence each.
    """

    provable: tuple[TypeDay, ...] = ()
    unprovable: tuple[TypeDay, ...] = ()
    orders: tuple[Order, ...] = ()
    skipped: int = 0
    troubles: tuple[str, ...] = ()


def kept_from(now: datetime) -> date:
    """The first day that the API certainly still has in whole.

    It began at most a day before KEPT, and Telnyx keeps records for at least 31 days (Telnyx facts, section 3).
    """
    return utc_day(now - KEPT)


def make_plan(
    days: Days,
    method: Method,
    types: Sequence[str],
    states: Mapping[TypeDay, DayState],
    now: datetime,
) -> Plan:
    """The plan for these days and types, from what the book has of them."""
    kept = kept_from(now)
    days = days.before(utc_day(now) + ONE_DAY)
    if method == "windows":
        return _joined(_provable(days.since(kept), types), _by_windows(days.before(kept), types, states))
    if method == "auto":
        return _joined(_provable(days.since(kept), types), _by_reports(days.before(kept), types, states))
    old_enough = utc_day(now - REPORT_AGE)
    young = days.since(old_enough)
    told = (f"{spoken(young)}: too young for a batch report; sweeps read these days",) if young.count else ()
    return _joined(_by_reports(days.before(old_enough), types, states), Plan(troubles=told))


def _provable(days: Days, types: Iterable[str]) -> Plan:
    return Plan(provable=tuple((name, day) for day in days for name in types))


def _by_windows(days: Days, types: Sequence[str], states: Mapping[TypeDay, DayState]) -> Plan:
    """Days beyond what the API certainly keeps; those that a report has booked stay the report's."""
    every = [(name, day) for day in days for name in types]
    wanted = [unit for unit in every if not _is_done(states.get(unit, _UNCLAIMED))]
    return Plan(unprovable=tuple(wanted), skipped=len(every) - len(wanted))


def _is_done(state: DayState) -> bool:
    return state.is_read or state.source in ("report", "report_without_ids")


def _by_reports(days: Days, types: Iterable[str], states: Mapping[TypeDay, DayState]) -> Plan:
    if not days.count:
        return Plan()
    reported = [name for name in types if name in REPORT_TYPES]
    without = [name for name in types if name not in REPORT_TYPES]
    wanted: dict[str, list[date]] = defaultdict(list)
    in_part: dict[str, list[date]] = defaultdict(list)
    for name in reported:
        for day in days:
            state = states.get((name, day), _UNCLAIMED)
            if state.is_read:
                continue
            (in_part if state.source == "detail_records" else wanted)[name].append(day)
    troubles = [
        f"{name}, {spoken(lacking)}: booked from the Detail Records API, and not known to be whole; "
        "a report would be a second source, so these days stay as they are"
        for name, lacking in in_part.items()
    ]
    if without:
        troubles.append(
            f"{spoken(days)}: Telnyx makes no batch reports of {', '.join(without)}; "
            "as long as the Detail Records API keeps them, --method windows reads them"
        )
    orders = [order for name in reported for order in _orders(name, wanted[name])]
    return Plan(
        orders=tuple(sorted(orders, key=lambda order: order.month, reverse=True)),
        skipped=len(reported) * days.count - sum(map(len, wanted.values())),
        troubles=tuple(troubles),
    )


def _orders(record_type: str, days: Iterable[date]) -> list[Order]:
    months: dict[tuple[int, int], list[date]] = defaultdict(list)
    for day in sorted(days):
        months[day.year, day.month].append(day)
    return [Order(record_type, tuple(wanted)) for wanted in months.values()]


def _joined(one: Plan, other: Plan) -> Plan:
    return Plan(
        provable=one.provable + other.provable,
        unprovable=one.unprovable + other.unprovable,
        orders=one.orders + other.orders,
        skipped=one.skipped + other.skipped,
        troubles=one.troubles + other.troubles,
    )
