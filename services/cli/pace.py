"""How fast work goes, and how long it will still take: pure."""

from dataclasses import dataclass

_TOO_EARLY_S = 3.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Measured from `start_s`, in monotonic seconds."""

    start_s: float

    def told(self, worked: int, left: int, now_s: float) -> str:
        """For people: `, 12 a minute, about 3 min left`; nothing while it is too early to tell."""
        took_s = now_s - self.start_s
        if worked <= 0 or took_s < _TOO_EARLY_S:
            return ""
        per_minute = worked * 60 / took_s
        rate = f"{per_minute:.0f}" if per_minute >= 10 else f"{per_minute:.1f}"
        return f", {rate} a minute, about {duration(left * took_s / worked)} left"


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
