"""Metrics of how good estimates are: measured now and then, not by whoever reads the metrics."""

from functools import partial

from services.ledger.metrics import ESTIMATE_ERROR, ESTIMATED_CALLS
from services.ledger.periodic import keep_doing
from services.ledger.store.book import Book
from services.ledger.store.estimate_errors import recent_estimate_error

_PAUSE_S = 900.0


async def judge_estimates(book: Book) -> None:
    """Measure once. Raises Unavailable."""
    work = partial(recent_estimate_error, now=book.clock.now(), rules=book.rules)
    error = await book.database.read_async(work)
    ESTIMATED_CALLS.set(error.call_count)
    for estimate, statistic, nanos in (
        ("booked", "mean", error.mean_nanos),
        ("booked", "p95", error.p95_nanos),
        ("flat", "mean", error.flat_mean_nanos),
        ("flat", "p95", error.flat_p95_nanos),
    ):
        ESTIMATE_ERROR.labels(estimate, statistic).set(nanos)


async def keep_judging_estimates(book: Book) -> None:
    """Measure now and each quarter of an hour; never ends."""
    await keep_doing("estimates.judge", partial(judge_estimates, book), _PAUSE_S)
