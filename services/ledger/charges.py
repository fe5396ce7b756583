"""What derivation comes to: charges, the legs behind them, and what is still open."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.ledger.closing import Span
from services.ledger.facts import EstimateRate
from services.ledger.legs import unqualified
from services.ledger.parts import Part

Kind = Literal["call", "sms", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a leg, a message or another record costs in one currency, as the facts have it now.

    `record_id` is the telnyx_call_id, the message id, or "<record type>:<record id>". `can_settle`: everything that
    was to be expected is here and readable. `billing_at` decides its day (rule 3.m). `details` is for its metadata.
    """

    kind: Kind
    record_id: str
    currency: str
    cost_nanos: int
    can_settle: bool
    source: str
    phone_number: str
    contact: str
    direction: str
    billing_at: datetime
    duration_s: int
    parts: tuple[Part, ...]
    details: Mapping[str, object]

    @property
    def key(self) -> tuple[str, str, str]:
        """Unique in the whole book."""
        return (self.kind, self.record_id, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A call leg as the facts have it now.

    `estimate_nanos` is None until a hang-up was seen; `rate` is its rate. `reasons` says of each of `missing` why it is
    expected. `is_announced`: a webhook told of it; a silent leg is known from its records alone.
    """

    call_id: str
    session_id: str
    call_control_id: str
    leg_id: str
    ids: frozenset[str]
    from_number: str
    to_number: str
    direction: str
    call_status: str
    duration_s: int
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    hangup_cause: str
    estimate_nanos: int | None
    rate: EstimateRate
    charges: tuple[Charge, ...]
    missing: tuple[str, ...]
    reasons: tuple[str, ...]
    unreadable: tuple[str, ...]
    is_announced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """A leg or message that waits for something.

    `open_at`: from when attempts count: the receipt of the hang-up, or the moment at which a leg without one counts
    as ended. `unclosed`: the types of which a closing sweep would confirm or change something; `missing` is part
    of it.
    """

    kind: Kind
    record_id: str
    session_id: str
    call_control_id: str
    leg_id: str
    span: Span
    open_at: datetime
    can_settle: bool
    missing: tuple[str, ...]
    unclosed: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """All that follows from the facts of one cluster."""

    legs: tuple[Leg, ...]
    charges: tuple[Charge, ...]
    open_items: tuple[OpenItem, ...]
    first_rates: tuple[EstimateRate, ...]
    homes: Mapping[tuple[str, str], tuple[str, str]]
    """For each record (type, id) the (kind, record_id) of the one charge that it ends in."""

    def home_of(self, kind: str, record_id: str, former_records: Iterable[tuple[str, str]]) -> str:
        """Where the money of a charge or leg that is no longer derived has gone; empty when nothing says so.

        `former_records`: the (type, id) of the records whose money was at home there. A leg that was named by a SIP
        Call-ID, or by a record, is known by them alone once it has real ids.
        """
        if any(charge.kind == kind and charge.record_id == record_id for charge in self.charges):
            return record_id
        if kind == "call":
            names = {record_id, unqualified(record_id)}
            heir = next((leg.call_id for leg in self.legs if names & leg.ids), "")
            if heir:
                return heir
        homes = Counter(self.homes[key][1] for key in former_records if key in self.homes)
        return min(homes, key=lambda home: (-homes[home], home), default="")
