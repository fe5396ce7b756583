"""Places between any two steps that matter, at which a process can be made to die, freeze or dawdle: for tests.

    FAILPOINTS="ledger.events.committed=kill@3,reconciler.jobs.claimed=freeze" python -m services.ledger

Each room lists its places in a `failpoints.py` of its own. Nothing happens at any of them unless asked for.
"""

import os
import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import structlog

ActionKind = Literal["kill", "freeze", "delay"]

_FORM: Final = re.compile(r"([a-z_.]+)=(kill|freeze|delay)(?::(\d{1,3}(?:\.\d{1,3})?))?(?:@(\d{1,9}))?")
_armed: dict[str, "_Armed"] = {}
_places: dict[str, "Failpoint"] = {}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Failpoint:
    """A place in the code, by a name that no other has: `<service>.<what>.<done>`."""

    name: str

    def __post_init__(self) -> None:
        if _places.setdefault(self.name, self) is not self:
            raise ValueError(f"there are two failpoints named {self.name}")

    def reached(self) -> None:
        """Do what was asked for here; as a rule nothing."""
        if _armed:
            _meet(self.name)


@dataclass(slots=True)
class _Armed:
    """`passes_left`: how often the place is passed before it acts; a delay acts each time from then on."""

    kind: ActionKind
    delay_s: float
    passes_left: int


def arm_failpoints(text: str) -> None:
    """Ask for what a setting says: `<place>=kill|freeze|delay:<seconds>[@<n-th time>]`, separated by commas.

    `kill` is SIGKILL, `freeze` is SIGSTOP. Raises ValueError for what cannot be read and for places that this
    process does not have.
    """
    _armed.clear()
    _armed.update(_read(text, _places))
    if _armed:
        _log.warning(
            "failpoints.armed",
            places=sorted(_armed),
            message="FAILPOINTS is set: this process will fail on purpose. It is for tests of Tollbook only",
        )


def _read(text: str, places: Mapping[str, Failpoint]) -> dict[str, _Armed]:
    armed = {}
    for part in filter(None, map(str.strip, text.split(","))):
        match = _FORM.fullmatch(part)
        if match is None or (match[2] == "delay") is not (match[3] is not None):
            raise ValueError(
                f"FAILPOINTS: {part!r} is none of <place>=kill, <place>=freeze, <place>=delay:<seconds>; "
                "each may end in @<n-th time>"
            )
        if match[1] not in places:
            raise ValueError(f"FAILPOINTS: this process has no place {match[1]!r}; it has {sorted(places)}")
        kind: ActionKind = next(kind for kind in get_args(ActionKind) if kind == match[2])
        armed[match[1]] = _Armed(kind, float(match[3] or 0), max(0, int(match[4] or 1) - 1))
    return armed


def _meet(name: str) -> None:
    action = _armed.get(name)
    if action is None:
        return
    if action.passes_left:
        action.passes_left -= 1
        return
    match action.kind:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "freeze":
            # Once: who lets it go on wants to see it go on.
            del _armed[name]
            os.kill(os.getpid(), signal.SIGSTOP)
        case "delay":
            time.sleep(action.delay_s)
