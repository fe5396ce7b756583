"""Books for the ledger's tests: sweeps, the derivation of a handful of facts, and looking things up in it."""

from collections.abc import Iterator
from datetime import date
from itertools import permutations

from services.ledger.charges import Charge, Derived, Leg, OpenItem
from services.ledger.derive import derive
from services.ledger.facts import EstimateRate, Facts, ProvenWindow, Rules, UsageReading
from services.telnyx_vocabulary.detail_record import DetailRecord
from services.telnyx_vocabulary.webhook_event import WebhookEvent
from tests.unit.ledger.builders import DAY, HOUR, LegIds, at

RULES = Rules()
BASE_TYPES = RULES.base_types

Fact = WebhookEvent | DetailRecord | EstimateRate | ProvenWindow | UsageReading


def window(
    record_type: str, start: float, end: float, read: float, *, rows: int = 1, is_proven: bool = True
) -> ProvenWindow:
    """A sweep that the ledger found complete."""
    return ProvenWindow(
        record_type=record_type,
        from_at=at(start),
        to_at=at(end),
        read_at=at(read),
        row_count=rows,
        is_proven=is_proven,
    )


def closing(record_type: str, start: float = 0, end: float = 168) -> ProvenWindow:
    """The smallest and earliest window that closes a call from `start` to `end`."""
    return window(record_type, start - HOUR, end + HOUR, end + DAY)


def usage(
    record_type: str,
    day: date,
    read: float,
    *,
    is_zero: bool = True,
    key: str = "account",
    has_spoken: bool = True,
) -> UsageReading:
    """What usage_reports said of a day; unless told otherwise 0, to a key that has lately returned records."""
    return UsageReading(
        record_type=record_type,
        day=day,
        account_key=key,
        read_at=at(read),
        is_zero=is_zero,
        has_spoken=has_spoken,
    )


def facts(*items: Fact) -> Facts:
    """Facts of every kind as one set."""
    return Facts(
        events=tuple(item for item in items if isinstance(item, WebhookEvent)),
        records=tuple(item for item in items if isinstance(item, DetailRecord)),
        rates=tuple(item for item in items if isinstance(item, EstimateRate)),
        windows=tuple(item for item in items if isinstance(item, ProvenWindow)),
        usage=tuple(item for item in items if isinstance(item, UsageReading)),
    )


def orders(*items: Fact) -> Iterator[tuple[Fact, ...]]:
    """Every order in which the same facts may arrive."""
    return permutations(items)


def book(*items: Fact, rules: Rules = RULES) -> Derived:
    """What these facts come to."""
    return derive(facts(*items), rules)


def leg_in(derived: Derived, ids: LegIds | str) -> Leg:
    """The one leg of that telnyx_call_id."""
    call_id = ids if isinstance(ids, str) else ids.call_control_id
    [found] = [found for found in derived.legs if found.call_id == call_id]
    return found


def charge_in(derived: Derived, ids: LegIds | str, kind: str = "call") -> Charge:
    """The one charge of a leg, message or other record."""
    record_id = ids if isinstance(ids, str) else ids.call_control_id
    [found] = [c for c in derived.charges if c.kind == kind and c.record_id == record_id]
    return found


def cost_in(derived: Derived, ids: LegIds | str, kind: str = "call") -> int:
    """Nanos of the one charge of a leg, message or other record."""
    return charge_in(derived, ids, kind).cost_nanos


def open_in(derived: Derived, ids: LegIds | str) -> OpenItem | None:
    """What a leg or message waits for; None when it waits for nothing."""
    record_id = ids if isinstance(ids, str) else ids.call_control_id
    return next((item for item in derived.open_items if item.record_id == record_id), None)


def total(derived: Derived, currency: str = "USD") -> int:
    """Nanos of all charges in a currency."""
    return sum(charge.cost_nanos for charge in derived.charges if charge.currency == currency)
