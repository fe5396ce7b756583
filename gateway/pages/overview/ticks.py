"""Round steps for an axis of money: 1, 2 or 5 times a power of ten, in whole nanos. Pure."""

from dataclasses import dataclass

from services.common.money import NANOS_PER_UNIT

_MOST_STEPS = 5
_USUAL_DECIMALS = 2
_ALL_DECIMALS = 9


@dataclass(frozen=True, slots=True)
class Axis:
    """From `bottom` (0 or less) to `top` (more than that) in equal steps, in nanos."""

    bottom: int
    top: int
    step: int

    @property
    def ticks(self) -> list[int]:
        """Every step, from the top down."""
        return list(range(self.top, self.bottom - 1, -self.step))


def axis_for(lowest: int, highest: int) -> Axis:
    """The axis on which amounts from `lowest` to `highest`, and 0, have their place."""
    lowest, highest = min(lowest, 0), max(highest, 0)
    step = _nice_step(highest - lowest)
    # One step at least, so that an axis has a height.
    top = max(-(-highest // step), 0 if lowest else 1)
    return Axis(bottom=lowest // step * step, top=top * step, step=step)


def _nice_step(reach: int) -> int:
    wanted = max(-(-reach // _MOST_STEPS), 1)
    power = int("1" + "0" * (len(str(wanted)) - 1))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted)


def tick_label(nanos: int, step: int, currency: str) -> str:
    """An amount on the axis, exact: with as many decimals as the step needs, 2 at least."""
    digits = f"{step % NANOS_PER_UNIT:0{_ALL_DECIMALS}d}".rstrip("0")
    decimals = max(len(digits), _USUAL_DECIMALS)
    units, fraction = divmod(abs(nanos), NANOS_PER_UNIT)
    text = f"{units:,}.{f'{fraction:0{_ALL_DECIMALS}d}'[:decimals]}"
    sign = "-" if nanos < 0 else ""
    return f"{sign}${text}" if currency == "USD" else f"{sign}{text} {currency}"
