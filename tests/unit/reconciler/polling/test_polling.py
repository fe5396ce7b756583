"""Polling of the balance, of account charges, and the daily audit, on a fake clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from services.common.errors import TelnyxRefused, TelnyxUnreachable, TollbookError
from services.common.money import Money
from services.reconciler.audit.auditor import AuditOrder
from services.reconciler.audit.line import AuditLine, AuditResult
from services.reconciler.leadership import LEASE
from services.reconciler.leases import LeaseStore
from services.reconciler.polling.account import AccountCharges, Balance
from services.reconciler.polling.daily_audit import AUDIT_DIFFERENCE_NANOS, AUDITED_DAYS, DailyAudit
from services.reconciler.polling.polling import BALANCE_EVERY_S, BalancePolling, ChargesPolling
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.moments import NOON

DOLLAR = Money("USD", 10**9)
BALANCE = Balance(balance=DOLLAR, pending=DOLLAR, credit_limit=DOLLAR, available_credit=DOLLAR, read_at=NOON)


@dataclass(slots=True)
class FakeAccount:
    """The account's book and Telnyx's word of it, in one."""

    balances: list[Balance] = field(default_factory=list)
    charges: list[date] = field(default_factory=list)
    read_at: dict[date, datetime] = field(default_factory=dict)
    fault: TollbookError | None = None

    async def record_balance(self, balance: Balance) -> None:
        self.balances.append(balance)

    async def record_account_charges(self, charges: AccountCharges) -> None:
        self.charges.append(charges.day)
        self.read_at[charges.day] = charges.read_at

    async def charges_read_at(self, from_day: date, to_day: date) -> Mapping[date, datetime]:
        return {day: at for day, at in self.read_at.items() if from_day <= day < to_day}

    async def balance(self, max_age: timedelta) -> Balance:
        self._check()
        assert max_age < timedelta(minutes=5)
        return BALANCE

    async def account_charges(self, day: date) -> AccountCharges:
        self._check()
        return AccountCharges(
            day=day,
            new_monthly=None,
            existing_monthly=DOLLAR,
            new_one_time=None,
            credits=None,
            ledger_adjustments=None,
            other=None,
            grand_total=DOLLAR,
            read_at=NOON,
        )

    def _check(self) -> None:
        if self.fault is not None:
            raise self.fault


class FakeAuditor:
    """Gives one result, and remembers what was ordered."""

    def __init__(self, result: AuditResult) -> None:
        self.result = result
        self.orders: list[AuditOrder] = []

    async def audit(self, order: AuditOrder, budget_s: float) -> AuditResult:
        self.orders.append(order)
        return self.result


async def test_the_balance_is_kept_every_five_minutes(world: World) -> None:
    account = FakeAccount()
    polling = BalancePolling(world.reconciler.leadership, account, account)
    assert await polling.tick() == BALANCE_EVERY_S
    assert account.balances == [BALANCE]


async def test_a_key_that_is_refused_is_told_once_and_no_reason_to_hurry(world: World) -> None:
    account = FakeAccount(fault=TelnyxRefused("TELNYX_API_KEY is not set", field="TELNYX_API_KEY"))
    polling = BalancePolling(world.reconciler.leadership, account, account)
    with capture_logs() as logs:
        assert await polling.tick() == BALANCE_EVERY_S
        assert await polling.tick() == BALANCE_EVERY_S
    assert [log["event"] for log in logs if log["event"] == "work.failing"] == ["work.failing"]
    assert account.balances == []


async def test_what_may_pass_is_left_to_the_loop(world: World) -> None:
    account = FakeAccount(fault=TelnyxUnreachable("Telnyx did not answer in time"))
    with pytest.raises(TelnyxUnreachable):
        await BalancePolling(world.reconciler.leadership, account, account).tick()


async def test_account_charges_are_read_a_day_at_a_time(world: World) -> None:
    account = FakeAccount()
    polling = ChargesPolling(world.reconciler.leadership, account, account, world.clock)
    waits = [await polling.tick() for _ in range(32)]
    assert len(set(account.charges)) == 31
    assert max(account.charges) == NOON.date() - timedelta(days=1)
    assert waits[:31] == [2.0] * 31
    assert waits[31] == 3_600.0


async def test_charges_that_are_refused_are_asked_for_rarely(world: World) -> None:
    account = FakeAccount(fault=TelnyxRefused("not allowed"))
    polling = ChargesPolling(world.reconciler.leadership, account, account, world.clock)
    assert await polling.tick() == 3_600.0
    assert account.charges == []


async def test_who_does_not_lead_polls_nothing(world: World) -> None:
    assert await LeaseStore(world.database, "another reconciler").hold("sweeps", LEASE)
    account = FakeAccount()
    polling = BalancePolling(world.reconciler.leadership, account, account)
    assert await polling.tick() < BALANCE_EVERY_S
    assert account.balances == []


def _result() -> AuditResult:
    line = AuditLine(
        day=NOON.date(),
        record_type="amd",
        product="amd",
        verdict="different",
        book=Money("USD", 5),
        reported=Money("USD", 12),
        reason="the book has less",
    )
    return AuditResult((line,), ("usage_reports could not be asked about amd: Telnyx did not answer",))


async def test_the_daily_audit_waits_for_the_sweeps_and_then_for_the_next_day(world: World) -> None:
    auditor, horizon = FakeAuditor(_result()), timedelta(hours=24)
    daily = DailyAudit(world.reconciler.leadership, auditor.audit, horizon, world.clock)
    await daily.tick()
    assert auditor.orders == []
    world.clock.advance(1_800)
    with capture_logs() as logs:
        await daily.tick()
        await daily.tick()
    [order] = auditor.orders
    assert (order.to_day - order.from_day, order.again) == (timedelta(days=31), True)
    assert [log["event"] for log in logs] == [
        "sweeps.taken",
        "audit.different",
        "audit.incomplete",
        "audit.finished",
    ]
    assert AUDITED_DAYS.labels(verdict="different")._value.get() == 1
    assert AUDIT_DIFFERENCE_NANOS.labels(currency="USD")._value.get() == 7
    world.clock.advance(12 * 3_600)
    await daily.tick()
    assert len(auditor.orders) == 2
