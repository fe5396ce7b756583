"""The sweeps' share of the timed loop: one reconciler sweeps, closing goes first, and none of it crowds out jobs."""

from services.reconciler.closing_sweeps import ClosingSweeps
from services.reconciler.day_closings import DayClosings
from services.reconciler.leadership import Leadership
from services.reconciler.repeating import PERIOD_S
from services.reconciler.sweep import Sweep
from services.reconciler.sweep_histories import SweepHistories
from services.reconciler.trailing_sweeps import TrailingSweeps


class Sweeps:
    """Carries out whatever sweep is most pressing, one step at a time."""

    def __init__(
        self,
        leadership: Leadership,
        histories: SweepHistories,
        closing: ClosingSweeps,
        trailing: TrailingSweeps,
        days: DayClosings,
    ) -> None:
        self._leadership = leadership
        self._histories = histories
        self._closing = closing
        self._trailing = trailing
        self._days = days

    def note(self, sweep: Sweep) -> None:
        """Take in a sweep that was made elsewhere."""
        self._histories.note(sweep)

    async def tick(self) -> float:
        """One turn of the timed loop. telnyx-gateway keeps a part of the quota for jobs and people meanwhile."""
        if not await self._leadership.is_held():
            self._histories.forget()
            return PERIOD_S
        async with self._leadership.kept():
            worked = await self._closing.step() or await self._trailing.step() or await self._days.step()
        return 0.0 if worked else PERIOD_S
