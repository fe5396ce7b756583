"""The words and metadata of a charge, as the SQL contract has them (design, section 2)."""

from decimal import Decimal

from services.common.money import plain_decimal
from services.ledger.charges import Charge
from services.ledger.parts import Part

_SECONDS_PER_MINUTE = 60


def describe(charge: Charge, is_exact: bool) -> str:
    """One line for people, for example `Call to +12025550123 (60s) [estimated @ 0.015/min]`."""
    preposition = "from" if charge.direction == "inbound" else "to"
    if charge.kind == "sms":
        return f"SMS {preposition} {charge.contact}".rstrip()
    if charge.kind == "other":
        return str(charge.details.get("recordType", "Record"))
    text = f"Call {preposition} {charge.contact or 'unknown'} ({charge.duration_s}s)"
    return text if is_exact else f"{text} [estimated @ {_rate_per_minute(charge)}/min]"


def metadata(charge: Charge, is_exact: bool) -> dict[str, object]:
    """The charge's `metadata`. Amounts are Decimals: the database's JSON holds them as exact numbers."""
    if charge.kind != "call":
        return {"source": charge.source, **charge.details, **({} if is_exact else {"estimated": True})}
    if not is_exact:
        return {"estimated": True, "ratePerMin": Decimal(_rate_per_minute(charge)), "source": charge.source}
    return {
        "source": charge.source,
        "rate": _effective_rate(charge),
        "billedSeconds": charge.details["billedSeconds"],
        "callSeconds": charge.details["callSeconds"],
        "fetchedAt": charge.details["fetchedAt"],
        "parts": [_part(part) for part in charge.parts],
    }


def _rate_per_minute(charge: Charge) -> str:
    nanos = charge.details["nanosPerMinute"]
    return plain_decimal(nanos) if isinstance(nanos, int) else ""


def _effective_rate(charge: Charge) -> Decimal | None:
    """cost × 60 / billedSeconds, rounded to the nano (design, section 2); None when no time was billed."""
    billed_s = charge.details["billedSeconds"]
    if not isinstance(billed_s, int) or billed_s == 0:
        return None
    return Decimal(plain_decimal(round(Decimal(charge.cost_nanos * _SECONDS_PER_MINUTE) / billed_s)))


def _part(part: Part) -> dict[str, object]:
    return {
        "recordType": part.record_type,
        "recordId": part.record_id,
        "cost": Decimal(plain_decimal(part.cost_nanos)),
        "rate": part.rate,
        "billedSeconds": part.billed_seconds,
        "callSeconds": part.call_seconds,
        "source": part.source,
    }
