"""What a simulation has measured, for people: requests, delays, the error of estimates, the rate of draining."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.ledger.charges import Leg
from tests.simulation.faults import Stretch
from tests.simulation.memory_book import MemoryBook
from tests.simulation.rows import moment
from tests.simulation.simulation import Outcome

_BACKLOG_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean, the median and the 95th percentile of some figures."""

    count: int
    mean: float
    median: float
    p95: float


def spread(figures: Iterable[float]) -> Spread:
    """Of no figures everything is 0."""
    ordered = sorted(figures)
    if not ordered:
        return Spread(0, 0.0, 0.0, 0.0)
    return Spread(len(ordered), sum(ordered) / len(ordered), _at(ordered, 0.5), _at(ordered, 0.95))


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def requests_per_session(outcome: Outcome) -> float:
    """Requests for detail records, of every kind, over all the time in which there was traffic but the first day."""
    days = outcome.scenario.days
    later = range(1, days) if days > 1 else range(days)
    requests = sum(outcome.world.meter.per_day[day] for day in later)
    return requests / (outcome.scenario.sessions_per_day * len(later))


def delays_s(book: MemoryBook) -> Spread:
    """From hang-up to exact, of all legs that were answered and announced."""
    return spread(
        (settled_at - ended_at).total_seconds()
        for leg, settled_at in _exact_legs(book)
        if (ended_at := leg.ended_at) is not None
    )


def delays_after(book: MemoryBook, from_s: float, to_s: float) -> Spread:
    """From `to_s` to exact, of all legs that were answered, announced, and hung up between these moments."""
    begin, end = moment(from_s), moment(to_s)
    return spread(
        (settled_at - end).total_seconds()
        for leg, settled_at in _exact_legs(book)
        if leg.ended_at is not None and begin <= leg.ended_at < end
    )


def given_up_in(outcome: Outcome, outage: Stretch) -> int:
    """How many jobs were given up because Telnyx could not be asked.

    That shows within a minute; of the jobs that an outage kept, none can have made its last attempt within ten minutes.
    """
    begin, end = moment(outage.from_s + 60), moment(outage.to_s + 600)
    return sum(begin <= at < end for at in outcome.world.jobs.given_up.values())


def estimate_errors(book: MemoryBook, flat_nanos: int, since: timedelta) -> tuple[Spread, Spread]:
    """Errors, in cents, of the flat rate and of what the book estimated, over the same exact calls.

    `since`: from when after the start calls count: before, there was nothing to learn from.
    """
    begin = moment(since.total_seconds())
    flat: list[float] = []
    booked: list[float] = []
    for leg, _ in _exact_legs(book):
        estimate = book.estimates.get(leg.call_id)
        if estimate is None or leg.started_at < begin:
            continue
        cost_nanos = sum(charge.cost_nanos for charge in leg.charges)
        seconds = estimate.billed_s
        flat.append(abs(-(-flat_nanos * seconds // 60) - cost_nanos) / 1e7)
        booked.append(abs(estimate.nanos - cost_nanos) / 1e7)
    return spread(flat), spread(booked)


def drained_per_minute(outcome: Outcome) -> float:
    """Records read for the first time per minute, from the first request on until the backlog was as good as read."""
    begin = moment(outcome.scenario.down_s)
    waiting = [
        row
        for row in outcome.world.account.published()
        if row.versions[0].visible_s < outcome.scenario.down_s
    ]
    places = (outcome.world.book.records.place((row.record_type, row.record_id)) for row in waiting)
    seen = sorted(place[1] for place in places if place is not None)
    if not seen:
        return 0.0
    last = seen[min(len(seen) - 1, int(len(seen) * _BACKLOG_SHARE))]
    return len(seen) * _BACKLOG_SHARE / ((last - begin).total_seconds() / 60)


def lines(outcome: Outcome) -> Iterator[str]:
    """The report."""
    world, meter = outcome.world, outcome.world.meter
    delays = delays_s(world.book)
    flat, booked = estimate_errors(world.book, world.flat_nanos, timedelta(days=1))
    kinds = ", ".join(
        f"{name} {count / world.session_count:.2f}" for name, count in sorted(outcome.kinds.items())
    )
    yield (
        f"seed {outcome.scenario.seed}: {world.session_count} sessions in {outcome.scenario.days} days, "
        f"{world.book.entry_count} entries, {world.crash_count} crashes; "
        f"{outcome.cpu_s:.0f} s of CPU, {outcome.cpu_s / world.session_count * 1000:.1f} ms a session"
    )
    yield f"  book = bill: {sum(world.account.bill.values()) / 1e9:.9f} USD; digest {outcome.digest}"
    yield f"  sessions that differed before the last sweep: {outcome.drift_count}"
    yield f"  requests per session: {requests_per_session(outcome):.2f} after the first day; of all: {kinds}"
    yield (
        f"  429: {meter.refused_count} of {meter.sent_count} requests "
        f"({meter.refused_count / max(1, meter.sent_count):.2%}); most in a minute: {meter.most_per_minute}"
    )
    yield f"  from hang-up to exact: median {delays.median:.0f} s, p95 {delays.p95:.0f} s ({delays.count} calls)"
    yield (
        f"  error of estimates in cents: mean {booked.mean:.3f}, p95 {booked.p95:.3f}; "
        f"flat rate: mean {flat.mean:.3f}, p95 {flat.p95:.3f} ({booked.count} calls)"
    )
    if outcome.scenario.down_s:
        yield f"  a backlog drains at {drained_per_minute(outcome):.0f} records a minute"


def _exact_legs(book: MemoryBook) -> Iterator[tuple[Leg, datetime]]:
    for cluster in book.clusters.all():
        for leg in cluster.legs.values():
            held = next(
                (one for key, one in cluster.charges.items() if key[:2] == ("call", leg.call_id)), None
            )
            if (
                leg.is_announced
                and leg.answered_at
                and held is not None
                and held.booked.settled_at is not None
            ):
                yield leg, held.booked.settled_at
