"""How to come to the charges of a page without reading the whole book: which index to walk, and from where to where.

No index suits every question: one number's only message among its hundred thousand calls, the dearest call of a year.
The rollups tell how many charges match on which day, so the way is chosen by counts and not by guesses. A walk reads
index entries alone; the rows of the page are fetched by their ids.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain

from sqlalchemy import ColumnElement, Connection

from services.common.times import start_of_day, utc_day
from services.ledger import tables
from services.ledger.store.amount_tries import Counts, conditions_of, found_by_trying, tries
from services.ledger.store.charge_counts import count_by_type, days_with_matches
from services.ledger.store.charge_filters import ChargeFilter
from services.ledger.store.charge_orders import Order, Place
from services.ledger.store.text_search import Sought

_ONE_DAY = timedelta(days=1)
_AFFORDABLE = 600_000
"""Index entries that are walked in about 60 ms on either store."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Through all charges that `conditions` hold of, along an index ("" for the rows of given ids).

    `must_sort`: the index has them in another order than the page.
    """

    index: str
    conditions: tuple[ColumnElement[bool], ...]
    must_sort: bool


def walks(
    connection: Connection, sought: Sought, order: Order, place: Place | None, limit: int
) -> Iterator[Walk]:
    """Walks that together find the first `limit` charges behind `place`; by time, one after the other in order."""
    if order.is_by_time and sought.is_counted:
        yield from _through_days(connection, sought, order, place, limit)
    elif sought.is_counted:
        yield from _by_amount(connection, sought.wanted, order, place, limit)
    else:
        yield _through_range(connection, sought, order, place)


def walks_of_long_page(
    connection: Connection, sought: Sought, order: Order, place: Place | None, limit: int
) -> Iterator[Walk]:
    """The same for a page of thousands, of which all will be read, one after the other.

    To pass over days without matches costs less than a walk between any two.
    """
    if order.is_by_time or not sought.is_counted:
        yield _through_range(connection, sought, order, place)
    else:
        yield from _by_amount(connection, sought.wanted, order, place, limit, is_long=True)


def index_of(sought: Sought) -> str:
    """The index that has just these charges, or the fewest beside them, by time."""
    if sought.row_ids is not None:
        return ""
    if sought.contact:
        return "ix_telnyx_billing_contact"
    if sought.wanted.status == "estimated":
        return "ix_telnyx_billing_estimated"
    return "ix_telnyx_billing_date" if sought.wanted.phone_number is None else "ix_telnyx_billing_number"


def _through_range(connection: Connection, sought: Sought, order: Order, place: Place | None) -> Walk:
    wanted, behind = _from_place(sought.wanted, order, place)
    conditions = (*replace(sought, wanted=wanted).conditions(connection), *behind)
    return Walk(index_of(sought), conditions, must_sort=not order.is_by_time)


def _from_place(
    wanted: ChargeFilter, order: Order, place: Place | None
) -> tuple[ChargeFilter, list[ColumnElement[bool]]]:
    """A filter, and what lies behind a place as a condition.

    The place takes over an end of the range: of two conditions on one end a store may walk from the wrong one.
    """
    if place is None:
        return wanted, []
    if not order.is_by_time:
        return wanted, [order.behind(place)]
    if order.is_descending:
        if wanted.to_at is not None and wanted.to_at <= place.key:
            return wanted, []
        return replace(wanted, to_at=None), [order.behind(place)]
    if wanted.from_at is not None and wanted.from_at > place.key:
        return wanted, []
    return replace(wanted, from_at=None), [order.behind(place)]


def _through_days(
    connection: Connection, sought: Sought, order: Order, place: Place | None, limit: int
) -> Iterator[Walk]:
    """By time, over the days on which charges match and no others, until there are enough of them."""
    left = _left_over(sought.wanted, order, place)
    days = days_with_matches(connection, left, is_descending=order.is_descending)
    for run in _runs(days, left, limit):
        yield _through_range(connection, replace(sought, wanted=_within(sought.wanted, run)), order, place)


def _left_over(wanted: ChargeFilter, order: Order, place: Place | None) -> ChargeFilter:
    """The filter with the days that lie wholly before the place left out."""
    if place is None:
        return wanted
    if order.is_descending:
        ends = [moment for moment in (wanted.to_at, place.key) if moment is not None]
        return replace(wanted, to_at=min(ends))
    starts = [moment for moment in (wanted.from_at, place.key) if moment is not None]
    return replace(wanted, from_at=max(starts))


def _runs(days: Iterator[tuple[date, int]], left: ChargeFilter, limit: int) -> list[tuple[date, date]]:
    """Neighbouring days taken together, as (first, last), until they have `limit` matches for certain.

    Of a day in which the range begins or ends nobody knows how many of its matches lie inside.
    """
    broken = {utc_day(moment) for moment in (left.from_at, left.to_at) if moment is not None}
    runs: list[tuple[date, date]] = []
    certain = 0
    for day, count in days:
        first, last = runs.pop() if runs else (day, day)
        if day in (first, first - _ONE_DAY, last + _ONE_DAY):
            runs.append((min(first, day), max(last, day)))
        else:
            runs += [(first, last), (day, day)]
        certain += 0 if day in broken else count
        if certain >= limit:
            break
    return runs


def _within(wanted: ChargeFilter, run: tuple[date, date]) -> ChargeFilter:
    """The filter, to the days of a run."""
    first, last = run
    starts = [moment for moment in (wanted.from_at, start_of_day(first)) if moment is not None]
    ends = [moment for moment in (wanted.to_at, _midnight_after(last)) if moment is not None]
    return replace(wanted, from_at=max(starts), to_at=min(ends) if ends else None)


def _midnight_after(day: date) -> datetime | None:
    return None if day == date.max else start_of_day(day + _ONE_DAY)


def _by_amount(
    connection: Connection,
    wanted: ChargeFilter,
    order: Order,
    place: Place | None,
    limit: int,
    *,
    is_long: bool = False,
) -> Iterator[Walk]:
    """By cost or duration: try the beginning of the order, then sort the range or walk on, whichever reads less."""
    number = wanted.phone_number
    of_all = count_by_type(connection, wanted, None)
    of_scope = of_all if number is None else count_by_type(connection, wanted, number)
    matching = {name: count.matching for name, count in of_scope.items() if count.matching}
    if not matching:
        return
    sought = Sought(wanted=wanted)
    to_sort = _to_sort(of_all, of_scope, wanted)
    tried = [] if is_long else tries(matching, of_all, limit, to_sort)
    if tried:
        row_ids = found_by_trying(connection, wanted, order, place, limit, tried)
        if row_ids:
            yield Walk("", (tables.billing.c.id.in_(row_ids),), must_sort=False)
        if row_ids is not None:
            return
    ever = sum(of_all[name].ever for name in matching)
    if to_sort <= _to_walk(sum(matching.values()), ever, limit, is_long=is_long):
        yield _through_range(connection, sought, order, place)
        return
    behind = [order.behind(place)] if place is not None else []
    for of_type in chain.from_iterable(map(conditions_of, matching)):
        yield Walk(order.index, (*sought.conditions(connection), of_type, *behind), must_sort=False)


def _to_sort(of_all: Counts, of_scope: Counts, wanted: ChargeFilter) -> int:
    """How many charges the index of `index_of` has in the range: all of them are read."""
    if wanted.status == "estimated":
        return sum(count.estimated for count in of_all.values())
    return sum(count.in_range for count in of_scope.values())


def _to_walk(matching: int, ever: int, limit: int, *, is_long: bool) -> int:
    """How many charges are read along the index of an order until enough of them match.

    At the worst all that do not match come first: dear calls may all be old. Only where even that can be afforded is
    it taken for likely that those which match are spread among the others; and where the order is read to its end,
    page after page, it comes to the same.
    """
    if is_long:
        return limit * ever // matching
    at_worst = ever - matching
    return min(at_worst, limit * ever // matching) if at_worst <= _AFFORDABLE else at_worst
