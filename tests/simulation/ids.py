"""Identifiers as Telnyx forms them, made from a counter: the same seed gives the same ids."""

from dataclasses import dataclass

_MIX = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Ids:
    """Makes ids that never come twice within one simulation, and that are in no telling order."""

    seed: int
    count: int = 0

    def uuid(self) -> str:
        """A UUID."""
        mixed = self._next()
        return f"{mixed >> 32:08x}-{(mixed >> 16) & 0xFFFF:04x}-4{mixed & 0xFFF:03x}-8000-{self.count:012x}"

    def call_control_id(self) -> str:
        """A call_control_id in today's form."""
        return f"v3:{self._next():016x}{self.count:034x}"

    def _next(self) -> int:
        self.count += 1
        return ((self.count + (self.seed << 32)) * _MIX) & _MASK
