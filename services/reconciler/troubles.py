"""Tells the log once when something begins to fail, and once when it works again."""

import structlog

_log = structlog.get_logger()


class Troubles:
    """What is failing now, by name."""

    def __init__(self, work: str) -> None:
        """`work`: what is done, for the log: "closing sweeps"."""
        self._work = work
        self._failing: set[str] = set()

    def failed(self, name: str, reason: str) -> None:
        """It failed; the log is told if that is news."""
        if name not in self._failing:
            self._failing.add(name)
            message = f"{self._work} of {name} fail: {reason}; they are tried again"
            _log.warning("work.failing", work=self._work, name=name, message=message)

    def succeeded(self, name: str) -> None:
        """It worked; the log is told if that is news."""
        if name in self._failing:
            self._failing.remove(name)
            _log.info(
                "work.recovered", work=self._work, name=name, message=f"{self._work} of {name} work again"
            )
