"""What the ledger says is still open: the reconciler's work, as it asks for it again and again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.reconciler.windows import Window

ItemKind = Literal["call", "sms", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A call leg or message that waits for its cost, for a part of it, or for a closing sweep.

    `record_id` is the telnyx_call_id or the message's id. `opened_at`: when the hang-up (or the message's first
    event) was received; attempts count from here. `missing`: record types that are still expected. `unclosed`: types
    of which a closing sweep would confirm or change something, also where nothing is missing.
    """

    kind: ItemKind
    record_id: str
    session_id: str = ""
    start_at: datetime
    end_at: datetime
    opened_at: datetime
    changed_at: datetime
    missing: tuple[str, ...] = ()
    settled: bool = False
    unreadable: tuple[str, ...] = ()
    unclosed: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """No attempt could improve on it; it may still await a closing sweep."""
        return self.settled and not self.missing

    @property
    def lifetime(self) -> Window:
        """From its start to its end."""
        return Window(self.start_at, self.end_at)
