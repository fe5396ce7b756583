"""Reading `GET /v2/balance` (Telnyx facts, section 5)."""

from dataclasses import dataclass

import msgspec

from services.common.money import Money
from services.telnyx_gateway.request import Request, UnreadableAnswer
from services.telnyx_vocabulary.json_values import ABSENT, DECODE_ERRORS, DEFAULT_CURRENCY, ValueReader


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's money: `available_credit` is what can still be spent."""

    balance: Money
    pending: Money
    credit_limit: Money
    available_credit: Money


class _Data(msgspec.Struct):
    balance: msgspec.Raw
    pending: msgspec.Raw = ABSENT
    credit_limit: msgspec.Raw = ABSENT
    available_credit: msgspec.Raw = ABSENT
    currency: msgspec.Raw = ABSENT


class _Answer(msgspec.Struct):
    data: _Data


def parse_balance(body: bytes) -> Balance:
    """The balance. What an account has none of may be missing; what is there must be readable.

    Raises UnreadableAnswer.
    """
    try:
        data = msgspec.json.decode(body, type=_Answer).data
    except DECODE_ERRORS as error:
        raise UnreadableAnswer(f"not a balance: {error}") from error
    reader = ValueReader()
    currency = reader.text(data.currency, "currency") or DEFAULT_CURRENCY
    balance = reader.money(data.balance, "balance", currency)
    none = Money(currency, 0)
    pending = reader.money(data.pending, "pending", currency) or none
    credit_limit = reader.money(data.credit_limit, "credit_limit", currency) or none
    available = reader.money(data.available_credit, "available_credit", currency)
    if balance is None or reader.unreadable:
        raise UnreadableAnswer("; ".join(reader.unreadable) or "balance: missing")
    return Balance(balance, pending, credit_limit, available or balance + credit_limit)


BALANCE: Request[Balance] = Request("balance", {}, parse_balance, "[TELNYX BALANCE]")
