"""How long to wait before a process that died is started again."""

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Doubles from `first_delay_s` to `longest_delay_s`; starts over after a run of at least `steady_after_s`."""

    first_delay_s: float = 0.2
    longest_delay_s: float = 10.0
    steady_after_s: float = 30.0
    _failures: int = 0

    def delay_after(self, up_s: float) -> float:
        """The wait in seconds after a run that lasted `up_s`."""
        if up_s >= self.steady_after_s:
            self._failures = 0
        # Bounded before the power is taken: a process that never comes up may fail for years.
        delay_s = self.first_delay_s * 2.0 ** min(self._failures, 30)
        self._failures += 1
        return min(delay_s, self.longest_delay_s)
