"""What Telnyx says of the account's money beside detail records."""

from dataclasses import dataclass
from datetime import date, datetime

from services.common.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """The account's balance at one moment, by telnyx-gateway's clock."""

    balance: Money
    pending: Money
    credit_limit: Money
    available_credit: Money
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCharges:
    """Monthly and one-time charges of one UTC day. None where charges_summary does not tell an amount."""

    day: date
    new_monthly: Money | None
    existing_monthly: Money | None
    new_one_time: Money | None
    credits: Money | None
    ledger_adjustments: Money | None
    other: Money | None
    grand_total: Money | None
    read_at: datetime
