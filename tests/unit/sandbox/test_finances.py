"""The balance over time, and what moves it beside usage."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.account import Account
from tests.sandbox.bill import true_bill
from tests.sandbox.settings import Settings
from tests.sandbox.traffic import make_history
from tests.unit.sandbox.support import NOON, ManualClock, api_client, read_exactly

BUSINESS = Settings(
    opening_balance="13.00",
    monthly_charge="6.00",
    tax_percent="8",
    recharge_below="10",
    recharge_amount="5.00",
)


def explained(account: Account) -> Decimal:
    """What the bill says that the balance must be."""
    bill: dict[str, Any] = true_bill(account)
    money = {name: Decimal(amount) for name, amount in bill["account"].items()}
    paid = money.pop("opening") + money.pop("top_up")
    money.pop("balance")
    return paid - sum(money.values()) - Decimal(bill["total"])


def test_the_bill_explains_the_balance() -> None:
    account = Account(BUSINESS, ManualClock())
    make_history(account, 60)
    account.finances.book("credits", Decimal("-1.25"), NOON, "goodwill")
    account.finances.book("new_otc", Decimal("1.00"), NOON)
    assert account.balance() == explained(account)


def test_taxes_and_monthly_charges_fall_due_and_the_account_is_topped_up() -> None:
    account = Account(BUSINESS, ManualClock())
    make_history(account, 30)
    booked = account.movements(NOON - timedelta(days=30), NOON + timedelta(days=1))
    monthly = [each for each in booked if each.kind == "existing_mrc"]
    assert [(each.at, each.amount) for each in monthly] == [
        (datetime(2026, 8, 1, 0, 10, tzinfo=UTC), Decimal("6.00"))
    ]
    taxes = [each for each in booked if each.kind == "other"]
    assert 25 <= len(taxes) <= 30
    usage = account.usage_by_day()
    for tax in taxes:
        day = tax.at.date() - timedelta(days=1)
        assert tax.at.time().isoformat() == "00:05:00"
        assert abs(tax.amount - usage[day] * Decimal("0.08")) <= Decimal("0.005")
    top_ups = [each for each in booked if each.kind == "top_up"]
    assert 2 <= len(top_ups) <= 8
    for top_up in top_ups:
        assert account.balance(top_up.at) - top_up.amount < Decimal(BUSINESS.recharge_below or 0)
    assert min(account.balance(NOON - timedelta(hours=hours)) for hours in range(720)) > 5


def test_what_was_booked_stays_when_a_record_of_that_day_turns_up() -> None:
    clock = ManualClock()
    account = Account(BUSINESS, clock)
    account.create("dialer", 5, visible_at_once=True)
    clock.advance(86_400)
    before = account.balance()
    tax = account.finances.total("other")
    assert tax > 0
    (late,) = account.create("dialer", ended_ago_s=86_400, visible_at_once=True)
    charged = sum(record.charge for record in late.activity.records)
    assert account.balance() == before - charged
    assert account.finances.total("other") == tax


def test_nothing_moves_by_itself_unless_it_is_asked_for() -> None:
    clock = ManualClock()
    account = Account(Settings(), clock)
    clock.advance(90 * 86_400)
    assert account.balance() == Decimal("100.00")
    assert account.movements(NOON, clock.now) == []


async def test_charges_are_told_per_period_with_its_end_excluded() -> None:
    clock = ManualClock()
    async with api_client(BUSINESS, clock) as api:
        await api.control("POST", "history", {"days": 90})
        account = api.core.account
        today = clock.now.date()
        days = [today - timedelta(days=n) for n in range(31)]
        per_day = [await charges(api, day, day + timedelta(days=1)) for day in days]
        whole = await charges(api, days[-1], today + timedelta(days=1))
        for name in whole:
            assert sum(day[name] for day in per_day) == whole[name]
        assert whole["existing_mrc"] == Decimal("6.00")
        assert whole["grand_total"] == whole["existing_mrc"] + whole["other"] > 6
        assert account.balance() == explained(account)


async def charges(api: Any, start: date, end: date) -> dict[str, Decimal]:
    answer = await api.get("charges_summary", {"start_date": start, "end_date": end})
    assert answer.status_code == 200
    return {name: Decimal(amount) for name, amount in answer.json()["data"]["total"].items()}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"start_date": "2026-08-01"},
        {"start_date": "2026-08-01", "end_date": "2026-08-01"},
        {"start_date": "2026-08-01", "end_date": "2026-09-02"},
        {"start_date": "soon", "end_date": "2026-09-01"},
    ],
)
async def test_charges_of_no_period_are_refused(parameters: dict[str, str]) -> None:
    async with api_client(Settings(), ManualClock()) as api:
        assert (await api.get("charges_summary", parameters)).status_code == 400


async def test_money_can_be_booked_from_outside() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        answer = await api.control("POST", "book", {"kind": "top_up", "amount": "25.00", "ago_s": 60})
        assert Decimal(answer.json()["balance"]) == Decimal("125.00")
        assert (await api.get("balance")).json()["data"]["balance"] == "125.00"
        assert (await api.control("POST", "book", {"kind": "gift", "amount": "1"})).status_code == 400


async def test_a_product_that_detail_records_do_not_know_costs_money_all_the_same() -> None:
    async with api_client(Settings(), ManualClock()) as api:
        api.core.account.create("number-lookup", 2)
        assert api.core.account.balance() == Decimal("99.9940")
        refused = await api.get("detail_records", {"filter[record_type]": "number-lookup"})
        assert refused.status_code == 400
        options = read_exactly(await api.get("usage_reports/options"))["data"]
        assert "number-lookup" in {each["product"] for each in options}
