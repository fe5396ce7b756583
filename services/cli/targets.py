"""Where the commands reach the services of a Tollbook that is running."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.cli.settings import ClientSettings
from services.common.addresses import Address

ANNOUNCEMENT = Path("var/tollbook.json")
"""What `tollbook run` leaves beside the book while it runs: its ports may have been chosen by the system."""

_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (recognised, not listened on)
_MAX_BYTES = 4_096


def reached_at(listen: Address) -> Address:
    """Where a listener is reached from this machine: one on all addresses at the loopback."""
    return Address(_ANY_HOST.get(listen.host, listen.host), listen.port)


@dataclass(frozen=True, slots=True)
class Targets:
    """gRPC targets, such as `127.0.0.1:50051`."""

    ledger: str
    telnyx_gateway: str
    reconciler: str

    @classmethod
    def of(cls, settings: ClientSettings) -> Self:
        """What the settings name; else what a running `tollbook run` has announced; else where one would listen."""
        told = announced()
        return cls(
            settings.ledger_target or told.get("LEDGER_TARGET") or str(reached_at(settings.ledger_listen)),
            settings.telnyx_gateway_target
            or told.get("TELNYX_GATEWAY_TARGET")
            or str(reached_at(settings.telnyx_gateway_listen)),
            settings.reconciler_target
            or told.get("RECONCILER_TARGET")
            or str(reached_at(settings.reconciler_listen)),
        )


def announce(variables: Mapping[str, str]) -> None:
    """Leave the targets of this process's Tollbook for commands that are run in the same folder."""
    targets = {name: value for name, value in variables.items() if name.endswith("_TARGET")}
    ANNOUNCEMENT.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"pid": os.getpid(), **targets})
    beside = ANNOUNCEMENT.with_suffix(f".{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(ANNOUNCEMENT)


def withdraw() -> None:
    """Take the announcement back, if it is this process's own."""
    if _read().get("pid") == os.getpid():
        ANNOUNCEMENT.unlink(missing_ok=True)


def announced() -> dict[str, str]:
    """The targets of a Tollbook that is running in this folder; none where the one that announced them has died."""
    told = _read()
    pid = told.pop("pid", None)
    if not isinstance(pid, int) or not _is_alive(pid):
        return {}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _read() -> dict[str, object]:
    try:
        with ANNOUNCEMENT.open(encoding="utf-8") as file:
            told = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        # Somebody else's process: alive, but ours it is not necessarily; its ports will tell.
        return True
    return True
