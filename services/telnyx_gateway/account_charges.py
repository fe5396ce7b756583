"""Reading `GET /v2/charges_summary`: the charges that no detail record shows (Telnyx facts, section 6)."""

from dataclasses import dataclass
from datetime import date, timedelta

import msgspec

from services.common.errors import InvalidInput
from services.common.money import Money
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, DEFAULT_CURRENCY, ValueReader

MAX_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCharges:
    """What was charged in a period, signed as Telnyx writes it; what Telnyx does not mention is 0."""

    new_monthly: Money
    existing_monthly: Money
    new_one_time: Money
    credits: Money
    ledger_adjustments: Money
    other: Money
    grand_total: Money


class _Total(msgspec.Struct):
    grand_total: msgspec.Raw
    new_mrc: msgspec.Raw = ABSENT
    existing_mrc: msgspec.Raw = ABSENT
    new_otc: msgspec.Raw = ABSENT
    credits: msgspec.Raw = ABSENT
    ledger_adjustments: msgspec.Raw = ABSENT
    other: msgspec.Raw = ABSENT


class _Data(msgspec.Struct):
    total: _Total
    currency: msgspec.Raw = ABSENT


class _Answer(msgspec.Struct):
    data: _Data


def charges_request(first: date, end: date) -> Request[AccountCharges]:
    """The charges from `first` to before `end`. Raises InvalidInput for more than 31 days, and for none."""
    if not timedelta(0) < end - first <= timedelta(days=MAX_DAYS):
        raise InvalidInput(f"account charges are read for 1 to {MAX_DAYS} days at a time", field="to_day")
    return Request(
        "charges_summary",
        {"start_date": first.isoformat(), "end_date": end.isoformat()},
        parse_account_charges,
        f"[TELNYX ACCOUNT CHARGES] from {first} to {end}",
    )


def parse_account_charges(body: bytes) -> AccountCharges:
    """The totals. An amount may be missing, the grand total may not; raises UnreadableAnswer."""
    try:
        data = msgspec.json.decode(body, type=_Answer).data
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not a summary of charges: {error}") from error
    reader, total = ValueReader(), data.total
    currency = reader.text(data.currency, "currency") or DEFAULT_CURRENCY

    def amount(raw: msgspec.Raw, name: str) -> Money:
        return reader.money(raw, name, currency) or Money(currency, 0)

    if reader.money(total.grand_total, "grand_total", currency) is None:
        reader.complain("grand_total", "missing or unreadable")
    charges = AccountCharges(
        new_monthly=amount(total.new_mrc, "new_mrc"),
        existing_monthly=amount(total.existing_mrc, "existing_mrc"),
        new_one_time=amount(total.new_otc, "new_otc"),
        credits=amount(total.credits, "credits"),
        ledger_adjustments=amount(total.ledger_adjustments, "ledger_adjustments"),
        other=amount(total.other, "other"),
        grand_total=amount(total.grand_total, "grand_total"),
    )
    if reader.unreadable:
        raise UnreadableAnswer("; ".join(reader.unreadable))
    return charges
