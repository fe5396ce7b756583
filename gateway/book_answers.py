"""What the ledger says of charges and sums, as REST answers."""

from collections.abc import Sequence

import msgspec
from google.type.money_pb2 import Money as MoneyMessage

from gateway.answers import Amount, Group, Record, Summary, Sums
from gateway.exact_response import money_number
from services.common.wire import from_money, optional_time
from tollbook.ledger.v1.book_pb2 import (
    CHARGE_STATUS_EXACT,
    RECORD_KIND_CALL,
    RECORD_KIND_SMS,
    Charge,
    ChargeStatus,
)
from tollbook.ledger.v1.ledger_pb2 import SummaryGroup, Totals

DEFAULT_CURRENCY = "USD"
"""Of a zero that nothing says the currency of."""


def record_of(charge: Charge) -> Record:
    """One line of the bill."""
    return Record(
        id=charge.record_id,
        record_type=record_type_of(charge),
        phone_number=charge.phone_number or None,
        contact=charge.contact or None,
        timestamp=optional_time(charge, "time"),
        duration=charge.duration_seconds,
        cost=number_of(charge.cost),
        currency=charge.cost.currency_code or DEFAULT_CURRENCY,
        status=status_of(charge.status),
        source=charge.source,
        description=charge.description,
    )


def record_type_of(charge: Charge) -> str:
    """call_inbound, sms_outbound, ...; a call or message of unknown direction counts as outbound."""
    words = {RECORD_KIND_CALL: "call", RECORD_KIND_SMS: "sms"}
    if charge.kind not in words:
        return "other"
    return f"{words[charge.kind]}_{charge.direction or 'outbound'}"


def status_of(status: ChargeStatus.ValueType) -> str:
    """`estimated` until the ledger says that a cost is exact."""
    return "exact" if status == CHARGE_STATUS_EXACT else "estimated"


def number_of(money: MoneyMessage) -> msgspec.Raw:
    """An amount as an exact JSON number; 0 where it is unset."""
    return money_number(from_money(money))


def summary_of(totals: Sequence[Totals]) -> Summary:
    """The account's currency, which the ledger names first; any others apart."""
    main, *others = [_sums_of(item) for item in totals] or [_sums_of(Totals())]
    return Summary(**msgspec.structs.asdict(main), other_currencies=others or msgspec.UNSET)


def group_of(group: SummaryGroup) -> Group:
    """The sums of one group."""
    return Group(key=group.key, **msgspec.structs.asdict(summary_of(group.totals)))


def _sums_of(totals: Totals) -> Sums:
    return Sums(
        total_cost=number_of(totals.total_cost),
        sms_cost=number_of(totals.sms_cost),
        call_cost=number_of(totals.call_cost),
        other_cost=number_of(totals.other_cost),
        estimated_cost=number_of(totals.estimated_cost),
        exact_cost=number_of(totals.exact_cost),
        currency=totals.currency or DEFAULT_CURRENCY,
        count=totals.count,
    )


def main_cost(costs: Sequence[MoneyMessage]) -> tuple[MoneyMessage, list[Amount] | msgspec.UnsetType]:
    """The cost in the account's currency, which the ledger names first, and the others apart."""
    main, *others = list(costs) or [MoneyMessage(currency_code=DEFAULT_CURRENCY)]
    return main, [
        Amount(currency=other.currency_code, cost=number_of(other)) for other in others
    ] or msgspec.UNSET
