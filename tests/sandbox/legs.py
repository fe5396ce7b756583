"""One call leg: who talked to whom, when, and under which ids."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

HangupCause = Literal["normal_clearing", "user_busy", "no_answer", "call_rejected", "originator_cancel"]


@dataclass(frozen=True, slots=True)
class Leg:
    """`start` is when it began to ring; `answered_at` is None where nobody took it.

    A leg that is not `announced` sends no webhook: only its records tell of it.
    """

    call_control_id: str | None
    call_leg_id: str
    call_session_id: str
    sip_call_id: str
    connection_id: str
    direction: Literal["incoming", "outgoing"]
    from_: str
    to: str
    start: datetime
    answered_at: datetime | None
    end: datetime
    hangup_cause: HangupCause = "normal_clearing"
    client_state: str | None = None
    announced: bool = True

    @property
    def talk_s(self) -> int:
        """Whole seconds of talk; 0 where nobody answered."""
        return 0 if self.answered_at is None else round((self.end - self.answered_at) / timedelta(seconds=1))

    @property
    def is_on_net(self) -> bool:
        """A leg to or from a SIP address bills per started 6 s, one of the public network per started minute."""
        return self.to.startswith("sip:") or self.from_.startswith("sip:")
