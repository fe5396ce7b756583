"""Detail records as the simulated Telnyx keeps them: what each says, from when on, and what it adds to the bill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from services.common.money import plain_decimal
from services.common.times import format_rfc3339
from tests.simulation.virtual_loop import START

TIME_FIELDS = {"amd": "invoked_at", "messaging": "created_at", "inference": "created_at"}
"""Of the types whose time field is not `started_at` (Telnyx facts, section 3)."""

_encoder = msgspec.json.Encoder()


def moment(seconds: float) -> datetime:
    """So many seconds after the start, to the millisecond as Telnyx writes times."""
    return START + timedelta(milliseconds=round(seconds * 1000))


@dataclass(frozen=True, slots=True)
class Version:
    """What a row says from `visible_s` on, and what Telnyx charges for it, in nanos."""

    visible_s: float
    raw: bytes
    charged_nanos: int


@dataclass(slots=True)
class Row:
    """One detail record. `key` is the id of what it belongs to on the bill. The last version is the one that stays."""

    record_type: str
    record_id: str
    at: datetime
    key: str
    ids: Mapping[str, str]
    versions: list[Version] = field(default_factory=list)
    current: int = -1

    @property
    def raw(self) -> bytes:
        """Its JSON as it is answered now."""
        return self.versions[self.current].raw

    @property
    def charged_nanos(self) -> int:
        """What it costs in the end."""
        return self.versions[-1].charged_nanos


@dataclass(slots=True, kw_only=True)
class RowFields:
    """What a row is made of; amounts in nanos, times in seconds of the simulation."""

    record_type: str
    record_id: str
    at_s: float
    key: str
    ids: Mapping[str, str]
    cost_nanos: int
    rate_nanos: int
    billed_s: int | None
    call_s: int | None
    direction: str
    from_number: str
    to_number: str
    is_billable: bool = True
    is_scientific: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def row(self) -> Row:
        """The row, with no version yet."""
        return Row(self.record_type, self.record_id, moment(self.at_s), self.key, self.ids)

    def version(self, visible_s: float, cost_nanos: int) -> Version:
        """What it says with this cost."""
        values: dict[str, object] = {
            ("uuid" if self.record_type == "messaging" else "id"): self.record_id,
            "record_type": f"{self.record_type.replace('-', '_')}_detail_record",
            TIME_FIELDS.get(self.record_type, "started_at"): format_rfc3339(moment(self.at_s)),
            **self.ids,
            **self.extra,
            "direction": self.direction,
            "cli": self.from_number,
            "cld": self.to_number,
            "cost": _scientific(cost_nanos) if self.is_scientific else plain_decimal(cost_nanos),
            "rate": plain_decimal(self.rate_nanos),
            "currency": "USD",
            "is_telnyx_billable": self.is_billable,
        }
        if self.billed_s is not None:
            values |= {"billed_sec": self.billed_s, "call_sec": self.call_s}
        return Version(visible_s, _encoder.encode(values), cost_nanos if self.is_billable else 0)


def _scientific(nanos: int) -> str:
    """`1.666E-4`, as Telnyx writes small amounts."""
    digits = str(nanos)
    fraction = digits[1:].rstrip("0")
    return f"{digits[0]}{'.' + fraction if fraction else ''}E{len(digits) - 10}"
