"""What this reconciler says of itself."""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from services.common.freshness.observed import ReconcilerProgress
from services.reconciler.metrics import WORK_FAILING_S, WORK_STANDSTILL_S
from services.reconciler.progress.reading import Reading
from services.reconciler.progress.work import Work
from services.reconciler.repeating import Ticker
from services.telnyx_vocabulary.record_types import find_record_type


class OwnProgress:
    """Its works, and whether Telnyx answers it. Shown as metrics, too."""

    def __init__(
        self,
        name: str,
        reading: Reading,
        refused_types: Callable[[], Collection[str]],
        expected_types: Iterable[str],
    ) -> None:
        """`refused_types` of those that are expected are told: without these no call becomes exact."""
        self.name = name
        self._reading = reading
        self._refused_types = refused_types
        self._expected = {
            entry.name for name in expected_types if (entry := find_record_type(name)) is not None
        }
        self._works: list[Work] = []

    def follow(self, tickers: Iterable[Ticker]) -> None:
        """Tell of the works that have their turns by these, too."""
        for ticker in tickers:
            work = ticker.work
            self._works.append(work)
            WORK_STANDSTILL_S.labels(work=work.name).set_function(partial(_standstill_s, work))
            WORK_FAILING_S.labels(work=work.name).set_function(partial(_failing_s, work))

    def told(self) -> ReconcilerProgress:
        """As it is now."""
        return ReconcilerProgress(
            name=self.name,
            works=tuple(work.told() for work in self._works),
            unread_age=self._reading.unread_age(),
            unread_reason=self._reading.reason,
            refused_record_types=tuple(sorted(self._expected.intersection(self._refused_types()))),
        )


def _standstill_s(work: Work) -> float:
    age = work.told().standstill_age
    return age.total_seconds() if age is not None else 0.0


def _failing_s(work: Work) -> float:
    age = work.told().failing_age
    return age.total_seconds() if age is not None else 0.0
