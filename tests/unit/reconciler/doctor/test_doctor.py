"""The doctor asks every part, and lives with each that is away."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.common.errors import QuotaExhausted, TollbookError, Unavailable
from services.common.freshness.symptom import Symptom
from services.common.money import Money
from services.reconciler.doctor.doctor import Doctor
from services.reconciler.doctor.observations import (
    Application,
    BalanceOutlook,
    BookHealth,
    Probe,
    Quota,
)
from services.telnyx_vocabulary.detail_record import DetailRecord
from tests.unit.reconciler.audit.days import book_day
from tests.unit.reconciler.audit.fakes import FakeBookDays
from tests.unit.reconciler.conftest import World
from tests.unit.reconciler.moments import NOON

HORIZON = timedelta(hours=24)


@dataclass(slots=True)
class FakeParts:
    """The ledger's health and the account in one; `fault` makes all of it fail but what tells of what has stopped."""

    fault: TollbookError | None = None
    has_stopped: bool = False
    asked: list[str] = field(default_factory=list)

    async def health(self) -> BookHealth:
        self._check("health")
        return BookHealth(last_event_at=NOON, event_count=1)

    async def balance_outlook(self, from_at: datetime, to_at: datetime) -> BalanceOutlook | None:
        self._check("balance")
        assert to_at - from_at == timedelta(days=7)
        return BalanceOutlook(Money("USD", 10**9), NOON, None)

    async def symptoms(self) -> list[Symptom]:
        return [Symptom("test", NOON, "It stands still.", "Push it.")] if self.has_stopped else []

    async def probe(self) -> Probe:
        self._check("probe")
        return Probe(True, "", timedelta(0))

    async def public_keys(self) -> tuple[str, ...]:
        self._check("keys")
        return ("key",)

    async def applications(self) -> tuple[Application, ...]:
        self._check("applications")
        return ()

    async def quota(self) -> Quota:
        self._check("quota")
        return Quota(40, 39, NOON, 0)

    def _check(self, name: str) -> None:
        self.asked.append(name)
        if self.fault is not None:
            raise self.fault


def _doctor(world: World, parts: FakeParts, days: FakeBookDays) -> Doctor:
    return Doctor(
        health=parts,
        probe=parts,
        days=days,
        telnyx=world.telnyx,
        reader=world.reconciler.reader_of(world.telnyx),
        stopped=parts,
        horizon=HORIZON,
        clock=world.clock,
    )


async def test_a_sound_system(world: World) -> None:
    days = FakeBookDays(days=[replace(book_day(-2, 5), record_type="amd")])
    at = NOON - timedelta(days=4)
    world.telnyx.publish(
        DetailRecord(record_type="amd", record_id="a", observed_at=at, record_time=at, cost=Money("USD", 5))
    )
    parts = FakeParts()
    checks = {check.name: check for check in await _doctor(world, parts, days).examine()}
    assert {check.status for check in checks.values()} == {"ok"}
    assert checks["Canary query"].finding == "Telnyx and the book both have 1 record for amd of 2026-11-18."
    assert [(read.record_type, read.priority) for read in world.telnyx.counted] == [("amd", "person")]
    assert parts.asked[-1] == "quota"


async def test_a_type_that_telnyx_refuses_to_count_is_unknown_not_a_fault(world: World) -> None:
    days = FakeBookDays(days=[replace(book_day(-2, 5), record_type="amd")])
    world.telnyx.faults["amd"] = QuotaExhausted("Telnyx's request quota is used up")
    checks = {check.name: check for check in await _doctor(world, FakeParts(), days).examine()}
    assert checks["Canary query"].status == "unknown"
    assert checks["Canary query"].finding == "It could not be examined: Telnyx's request quota is used up."


async def test_when_every_part_is_away(world: World) -> None:
    away = Unavailable("a service of Tollbook did not answer: UNAVAILABLE")
    _, *checks = await _doctor(world, FakeParts(fault=away), FakeBookDays(fault=away)).examine()
    assert {check.status for check in checks} == {"unknown"}


async def test_what_has_stopped_is_a_failure(world: World) -> None:
    parts = FakeParts(fault=Unavailable("the ledger is away"), has_stopped=True)
    [check] = [
        each for each in await _doctor(world, parts, FakeBookDays()).examine() if each.name == "Freshness"
    ]
    assert (check.status, check.finding, check.advice) == ("failure", "It stands still.", "Push it.")
