"""A detail record as Tollbook understands it, whatever its type."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.common.money import Money

Direction = Literal["inbound", "outbound", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailRecord:
    """One observation of one detail record.

    Ids that the record does not carry are empty; times that it does not carry are None. `cost` is None when the
    amount is missing or cannot be read, and then `unreadable` has a sentence about it. `rate` is decimal text as
    Telnyx wrote it. `raw` is the row's JSON.
    """

    record_type: str
    record_id: str
    observed_at: datetime
    record_time: datetime | None = None
    answered_at: datetime | None = None
    finished_at: datetime | None = None
    session_id: str = ""
    call_control_id: str = ""
    leg_id: str = ""
    sip_call_id: str = ""
    recording_id: str = ""
    direction: Direction = ""
    from_number: str = ""
    to_number: str = ""
    cost: Money | None = None
    carrier_fee: Money | None = None
    rate: str = ""
    billed_seconds: int | None = None
    call_seconds: int | None = None
    is_billable: bool = True
    connection_id: str = ""
    country_code: str = ""
    tags: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    raw: bytes = b""
