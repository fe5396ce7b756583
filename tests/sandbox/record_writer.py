"""Writes a leg's records: the fields that all types share, and how time becomes money."""

import random
from datetime import datetime
from decimal import Decimal

from tests.sandbox.amounts import (
    CURRENCY,
    ON_NET_STEP_S,
    PSTN_STEP_S,
    ZERO,
    billed_seconds,
    cost_per_minute,
    record_text,
    scientific_text,
)
from tests.sandbox.ids import Ids
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord, Fields, make_record


class RecordWriter:
    """Ids and texts come from one seeded generator."""

    def __init__(self, rng: random.Random, ids: Ids) -> None:
        self.rng = rng
        self._ids = ids

    def timed(
        self,
        type_name: str,
        leg: Leg,
        rate: Decimal,
        seconds: int,
        at: datetime,
        values: Fields,
        *,
        step_s: int | None = None,
        names_leg: bool = True,
        is_billable: bool = True,
    ) -> DetailRecord:
        """A record billed by time: `seconds` rounded up to the leg's step, or to `step_s`."""
        step = step_s or (ON_NET_STEP_S if leg.is_on_net else PSTN_STEP_S)
        billed_s = billed_seconds(seconds, step)
        return self.priced(
            type_name,
            leg,
            at,
            cost_per_minute(rate, billed_s),
            {**values, "call_sec": seconds, "billed_sec": billed_s},
            rate=rate,
            measured_in="minutes",
            names_leg=names_leg,
            is_billable=is_billable,
        )

    def priced(
        self,
        type_name: str,
        leg: Leg,
        at: datetime,
        cost: Decimal,
        values: Fields,
        *,
        rate: Decimal,
        measured_in: str,
        names_leg: bool = True,
        is_billable: bool = True,
    ) -> DetailRecord:
        """A record with a cost that is known already. `values` override the common fields."""
        common = {
            "id": self._ids.uuid(),
            "cost": record_text(cost, self.rng),
            "rate": scientific_text(rate) if 0 < rate < Decimal("0.0001") else str(rate),
            "currency": CURRENCY,
            "rate_measured_in": measured_in,
            "is_telnyx_billable": is_billable,
            "direction": "inbound" if leg.direction == "incoming" else "outbound",
            "cli": leg.from_,
            "cld": leg.to,
            "country_code": "US",
            "connection_id": leg.connection_id,
            "billing_group_id": None,
            "tags": "",
        }
        return make_record(
            type_name,
            at=at,
            values={**common, **values},
            charge=cost if is_billable else ZERO,
            rng=self.rng,
            session_id=leg.call_session_id,
            leg_key=leg.call_leg_id if names_leg else None,
        )
