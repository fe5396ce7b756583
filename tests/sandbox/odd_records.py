"""Records that are not as they should be: each kind is one way in which Telnyx's data was, or may be, odd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tests.sandbox.clock import to_second_text
from tests.sandbox.ids import Ids

Fields = dict[str, object]
_COST = Decimal("0.0150")


@dataclass(frozen=True, slots=True)
class OddRecord:
    """A sip-trunking record of a call that no webhook told of. `charge` is what it truly costs, in USD."""

    fields: Fields
    charge: Decimal


def make_odd(kind: str, ids: Ids, at: datetime) -> OddRecord:
    """One such record. Raises KeyError for an unknown kind."""
    fields: Fields = {
        "record_type": "sip-trunking",
        "id": ids.uuid(),
        "call_control_id": ids.call_control_id(),
        "telnyx_session_id": ids.uuid(),
        "sip_call_id": ids.sip_call_id(),
        "started_at": to_second_text(at - timedelta(seconds=180)),
        "answered_at": to_second_text(at - timedelta(seconds=170)),
        "finished_at": to_second_text(at),
        "direction": "outbound",
        "cli": ids.account_number(),
        "cld": ids.contact_number(),
        "call_sec": 170,
        "billed_sec": 180,
        "cost": str(_COST),
        "rate": "0.005",
        "rate_measured_in": "minutes",
        "currency": "USD",
        "is_telnyx_billable": True,
    }
    return ODD_KINDS[kind](fields, at)


def _credit(fields: Fields, _: datetime) -> OddRecord:
    return OddRecord({**fields, "cost": f"-{_COST}"}, -_COST)


def _other_currency(fields: Fields, _: datetime) -> OddRecord:
    """Its charge is in EUR, so that it adds nothing to a bill in USD."""
    return OddRecord({**fields, "currency": "EUR"}, Decimal(0))


def _too_many_decimals(fields: Fields, _: datetime) -> OddRecord:
    cost = Decimal("0.01500000000000004")
    return OddRecord({**fields, "cost": str(cost)}, cost)


def _without_id(fields: Fields, _: datetime) -> OddRecord:
    del fields["id"]
    return OddRecord(fields, _COST)


def _without_cost(fields: Fields, _: datetime) -> OddRecord:
    del fields["cost"]
    return OddRecord(fields, _COST)


def _without_zone(fields: Fields, _: datetime) -> OddRecord:
    times = ("started_at", "answered_at", "finished_at")
    return OddRecord({**fields, **{name: str(fields[name]).removesuffix("Z") for name in times}}, _COST)


def _in_the_future(fields: Fields, at: datetime) -> OddRecord:
    times = {"started_at": 0, "answered_at": 10, "finished_at": 180}
    later = {name: to_second_text(at + timedelta(days=2, seconds=s)) for name, s in times.items()}
    return OddRecord({**fields, **later}, _COST)


ODD_KINDS: Mapping[str, Callable[[Fields, datetime], OddRecord]] = {
    "credit": _credit,
    "other-currency": _other_currency,
    "too-many-decimals": _too_many_decimals,
    "without-id": _without_id,
    "without-cost": _without_cost,
    "without-zone": _without_zone,
    "in-the-future": _in_the_future,
}
