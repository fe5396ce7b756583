"""What the API says of the account itself: balance, charges, applications, key. Source: facts, sections 2, 5 and 6."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from tests.sandbox.account import Account
from tests.sandbox.amounts import CURRENCY, ZERO, cents_text
from tests.sandbox.answers import bad_request
from tests.sandbox.clock import to_second_text
from tests.sandbox.finances import CHARGE_KINDS, Kind, Movement
from tests.sandbox.session_maker import CONNECTION_ID

MAX_DAYS = 31
OTHER_APPLICATION_ID = "1494404757140276706"

Row = dict[str, object]


def balance_data(account: Account) -> Row:
    """Amounts as text; `available_credit` is what can still be spent."""
    balance, credit = account.balance(), Decimal(account.settings.credit_limit)
    return {
        "record_type": "balance",
        "balance": cents_text(balance),
        "pending": "0.00",
        "credit_limit": cents_text(credit),
        "available_credit": cents_text(balance + credit),
        "currency": CURRENCY,
    }


def charges_data(account: Account, parameters: Mapping[str, str]) -> Row:
    """The charges that no detail record shows, from `start_date` to before `end_date`. Raises ApiError 400."""
    start, end = _date(parameters, "start_date"), _date(parameters, "end_date")
    if not start < end <= start + timedelta(days=MAX_DAYS):
        raise bad_request(f"The interval between start_date and end_date cannot exceed {MAX_DAYS} days")
    booked = account.movements(_midnight(start), _midnight(end))
    totals = {kind: _sum(booked, kind) for kind in CHARGE_KINDS}
    return {
        "user_id": "11111111-2222-4333-8444-555555555555",
        "user_email": "owner@example.com",
        "currency": CURRENCY,
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "summary": {"lines": _lines(totals), "adjustments": _adjustments(booked)},
        "total": {kind: cents_text(amount) for kind, amount in totals.items()}
        | {"grand_total": cents_text(sum(totals.values(), ZERO))},
    }


def applications_data(account: Account) -> list[Row]:
    """Two call-control applications; the second is not in use."""
    tells_costs = account.settings.call_cost_in_webhooks
    url = account.settings.webhook_address("calls") if account.settings.webhook_url else None
    created_at = to_second_text(account.opened_at)
    return [
        {
            "record_type": "call_control_application",
            "id": application_id,
            "application_name": name,
            "active": is_active,
            "call_cost_in_webhooks": tells_costs and is_active,
            "webhook_api_version": "2",
            "webhook_event_url": url,
            "webhook_event_failover_url": None,
            "webhook_timeout_secs": None,
            "created_at": created_at,
            "updated_at": created_at,
            "tags": [],
        }
        for application_id, name, is_active in (
            (CONNECTION_ID, "Support line", True),
            (OTHER_APPLICATION_ID, "Old dialer", False),
        )
    ]


def _lines(totals: Mapping[Kind, Decimal]) -> list[Row]:
    numbers: Row = {
        "type": "comparative",
        "name": "Phone Numbers",
        "alias": "numbers",
        "new_this_month": {
            "mrc": cents_text(totals["new_mrc"]),
            "otc": cents_text(totals["new_otc"]),
            "quantity": int(bool(totals["new_mrc"])),
        },
        "existing_this_month": {
            "mrc": cents_text(totals["existing_mrc"]),
            "quantity": int(bool(totals["existing_mrc"])),
        },
    }
    taxes: Row = {
        "type": "simple",
        "name": "Taxes",
        "alias": "taxes",
        "amount": cents_text(totals["other"]),
        "quantity": 1,
    }
    return [numbers, taxes]


def _adjustments(booked: Sequence[Movement]) -> list[Row]:
    return [
        {
            "amount": cents_text(each.amount),
            "description": each.description,
            "event_date": each.at.date().isoformat(),
        }
        for each in booked
        if each.kind in ("credits", "ledger_adjustments")
    ]


def _sum(booked: Sequence[Movement], kind: Kind) -> Decimal:
    return sum((each.amount for each in booked if each.kind == kind), ZERO)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _date(parameters: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(parameters.get(name, ""))
    except ValueError:
        raise bad_request(f"{name} must be a date such as 2026-07-01") from None
