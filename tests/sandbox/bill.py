"""The true bill: what the account costs in the end, to the last decimal, whatever can be seen of it now."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from tests.sandbox.account import Account
from tests.sandbox.activity import Activity
from tests.sandbox.amounts import CURRENCY, ZERO, plain_text
from tests.sandbox.finances import CHARGE_KINDS
from tests.sandbox.legs import Leg
from tests.sandbox.records import DetailRecord

Bill = dict[str, object]


def true_bill(account: Account) -> Bill:
    """All amounts are exact decimals as text.

    `sessions` by call_session_id, `messages` by id, `other` by `<record type>:<record id>`. A session's `cost` is the
    sum of its `legs` and of `session_cost`: the records that name the session and no leg. `pending` counts records
    that cannot be seen yet or will still change: the bill can only be read from the API once it is 0. `account` is
    the rest of the money.
    """
    by_session: dict[str, list[DetailRecord]] = defaultdict(list)
    messages: dict[str, str] = {}
    other: dict[str, str] = {}
    total = ZERO
    for record in account.records.final():
        total += record.charge
        if record.session_id is not None:
            by_session[record.session_id].append(record)
        elif record.type.name == "messaging":
            messages[record.record_id] = plain_text(record.charge)
        else:
            other[f"{record.type.name}:{record.record_id}"] = plain_text(record.charge)
    calls = [activity for activity in account.activities if activity.category == "call"]
    return {
        "currency": CURRENCY,
        "total": plain_text(total),
        "sessions": {call.key: _session(call, by_session[call.key]) for call in calls},
        "messages": messages,
        "other": other,
        "pending": account.records.pending(account.clock()),
        "account": _account(account),
    }


def _account(account: Account) -> Bill:
    """The balance and all that moved it beside usage, so far: `opening` + `top_up` - usage - the rest = `balance`."""
    balance = account.balance()
    return {
        "opening": account.settings.opening_balance,
        "balance": plain_text(balance),
        **{kind: plain_text(account.finances.total(kind)) for kind in ("top_up", *CHARGE_KINDS)},
    }


def _session(call: Activity, records: list[DetailRecord]) -> Bill:
    own = [record for record in records if record.leg_key is None]
    return {
        "kind": call.kind,
        "cost": plain_text(_sum(records)),
        "session_cost": plain_text(_sum(own)),
        "legs": [
            _leg(leg, [record for record in records if record.leg_key == leg.call_leg_id])
            for leg in call.legs
        ],
    }


def _leg(leg: Leg, records: list[DetailRecord]) -> Bill:
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for record in records:
        parts[record.type.name] += record.charge
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "announced": leg.announced,
        "answered": leg.answered_at is not None,
        "cost": plain_text(_sum(records)),
        "parts": {name: plain_text(amount) for name, amount in parts.items()},
    }


def _sum(records: Iterable[DetailRecord]) -> Decimal:
    return sum((record.charge for record in records), ZERO)
